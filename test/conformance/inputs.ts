/** The suite's tools and prompt of the newer revision, which ask by their results, in several rounds. */
import type { McpServer, ServerContext } from '@modelcontextprotocol/server';
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  inputResponse,
} from '@modelcontextprotocol/server';
import * as z from 'zod';

/** What the rounds before proved; nobody else can make one. */
const codec = createRequestStateCodec<{ step: number }>({
  key: 'a key of the conformance tests, 32+ bytes',
});
export const verifyState = codec.verify;

const none = z.object({});
const say = (text: string) => ({ content: [{ type: 'text' as const, text }] });
const text = (key: string) => z.object({ [key]: z.string() });

const asks = {
  name: (message = 'What is your name?') => elicit(message, 'name'),
  sampling: (question: string, maxTokens = 100) =>
    inputRequired.createMessage({
      messages: [{ role: 'user', content: { type: 'text', text: question } }],
      maxTokens,
    }),
  roots: () => inputRequired.listRoots(),
};

function elicit(message: string, key: string) {
  const properties = { [key]: { type: 'string' as const } };
  return inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties, required: [key] },
  });
}

type Answer = Promise<ReturnType<typeof inputRequired> | ReturnType<typeof say>>;
type Handler = (request: ServerContext['mcpReq']) => Answer;

const handlers: Readonly<Record<string, Handler>> = {
  async test_input_required_result_elicitation({ inputResponses }) {
    const given = acceptedContent(inputResponses, 'user_name', text('name'));
    if (given !== undefined) return say(`Hello, ${given.name}!`);
    return inputRequired({ inputRequests: { user_name: asks.name() } });
  },
  async test_input_required_result_sampling({ inputResponses }) {
    const given = inputResponse(inputResponses, 'capital_question');
    if (given.kind === 'sampling') return say(JSON.stringify(given));
    const question = asks.sampling('What is the capital of France?');
    return inputRequired({ inputRequests: { capital_question: question } });
  },
  async test_input_required_result_list_roots({ inputResponses }) {
    const given = inputResponse(inputResponses, 'client_roots');
    if (given.kind === 'roots') return say(JSON.stringify(given));
    return inputRequired({ inputRequests: { client_roots: asks.roots() } });
  },
  test_input_required_result_request_state: (request) => confirmed(request),
  test_input_required_result_tampered_state: (request) => confirmed(request),
  async test_input_required_result_multiple_inputs({ inputResponses }) {
    const kinds = ['user_name', 'greeting', 'client_roots'].map(
      (key) => inputResponse(inputResponses, key).kind,
    );
    if (!kinds.includes('missing')) return say(`got ${kinds.join(', ')}`);
    return inputRequired({
      inputRequests: {
        user_name: asks.name(),
        greeting: asks.sampling('Generate a greeting', 50),
        client_roots: asks.roots(),
      },
      requestState: await codec.mint({ step: 1 }),
    });
  },
  async test_input_required_result_multi_round({ inputResponses, requestState }) {
    const step = requestState<{ step: number }>()?.step ?? 0;
    if (step >= 2 && acceptedContent(inputResponses, 'step2', text('color'))) return say('done');
    if (step >= 1 && acceptedContent(inputResponses, 'step1', text('name')))
      return inputRequired({
        inputRequests: { step2: elicit('Step 2: What is your favorite color?', 'color') },
        requestState: await codec.mint({ step: 2 }),
      });
    return inputRequired({
      inputRequests: { step1: asks.name('Step 1: What is your name?') },
      requestState: await codec.mint({ step: 1 }),
    });
  },
  async test_input_required_result_capabilities({ envelope, inputResponses }) {
    const able = (envelope as Record<string, unknown> | undefined)?.[CLIENT_CAPABILITIES_META_KEY];
    const can = (name: string) => Object.hasOwn((able ?? {}) as object, name);
    if (inputResponse(inputResponses, 'question').kind !== 'missing') return say('done');
    if (can('elicitation')) return inputRequired({ inputRequests: { question: asks.name() } });
    if (can('sampling'))
      return inputRequired({ inputRequests: { question: asks.sampling('Hello?') } });
    return say('nobody to ask');
  },
  test_missing_capability: async () =>
    inputRequired({ inputRequests: { question: asks.sampling('Hello?') } }),
  test_streaming_elicitation: async () =>
    inputRequired({ inputRequests: { user_name: asks.name() } }),
};

async function confirmed({ inputResponses, requestState }: ServerContext['mcpReq']): Answer {
  const given = acceptedContent(inputResponses, 'confirm', z.object({ ok: z.boolean() }));
  if (given !== undefined && requestState<{ step: number }>()?.step === 1) return say('state-ok');
  const properties = { ok: { type: 'boolean' as const } };
  const requestedSchema = { type: 'object' as const, properties, required: ['ok'] };
  return inputRequired({
    inputRequests: {
      confirm: inputRequired.elicit({ message: 'Please confirm', requestedSchema }),
    },
    requestState: await codec.mint({ step: 1 }),
  });
}

export function registerInputs(server: McpServer): void {
  for (const [name, handler] of Object.entries(handlers))
    server.registerTool(name, { description: 'Asks', inputSchema: none }, (_, { mcpReq }) =>
      handler(mcpReq),
    );
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'Asks' },
    ({ mcpReq }) => {
      const given = acceptedContent(mcpReq.inputResponses, 'user_context', text('context'));
      if (given === undefined)
        return inputRequired({
          inputRequests: { user_context: elicit('What context should the prompt use?', 'context') },
        });
      return {
        messages: [{ role: 'user', content: { type: 'text', text: String(given.context) } }],
      };
    },
  );
}
