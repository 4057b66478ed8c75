/** The tools that the MCP conformance suite expects of a server under test, beside its own. */
import { setTimeout as wait } from 'node:timers/promises';
import type {
  ContentBlock,
  ElicitRequestFormParams,
  JsonSchemaType,
  McpServer,
  ServerContext,
} from '@modelcontextprotocol/server';
import { fromJsonSchema } from '@modelcontextprotocol/server';
import * as z from 'zod';

/** One red pixel. */
export const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
/** A WAV file without a sample. */
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=';

const contents: Readonly<Record<string, readonly ContentBlock[]>> = {
  test_simple_text: [{ type: 'text', text: 'This is a simple text response for testing.' }],
  test_image_content: [{ type: 'image', data: png, mimeType: 'image/png' }],
  test_audio_content: [{ type: 'audio', data: wav, mimeType: 'audio/wav' }],
  test_embedded_resource: [
    {
      type: 'resource',
      resource: {
        uri: 'test://embedded-resource',
        mimeType: 'text/plain',
        text: 'This is an embedded resource content.',
      },
    },
  ],
  test_multiple_content_types: [
    { type: 'text', text: 'Multiple content types test:' },
    { type: 'image', data: png, mimeType: 'image/png' },
    {
      type: 'resource',
      resource: {
        uri: 'test://mixed-content-resource',
        mimeType: 'application/json',
        text: '{"test":"data","value":123}',
      },
    },
  ],
};

const schema2020 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  ['then' as const]: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
} as const;

const none = z.object({});
const say = (text: string) => ({ content: [{ type: 'text' as const, text }] });

export function registerTools(server: McpServer): void {
  for (const [name, content] of Object.entries(contents))
    server.registerTool(name, { description: 'Fixed content', inputSchema: none }, async () => ({
      content: [...content],
    }));
  const schema = {
    description: 'A schema with many keywords',
    inputSchema: fromJsonSchema(schema2020),
  };
  server.registerTool('json_schema_2020_12_tool', schema, async () => say('ok'));
  server.registerTool('test_error_handling', { description: 'Fails', inputSchema: none }, () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
  server.registerTool(
    'test_tool_with_progress',
    { description: 'Tells progress', inputSchema: none },
    (_, context) => withProgress(context),
  );
  for (const name of ['test_tool_with_logging', 'test_logging_tool'])
    server.registerTool(name, { description: 'Logs', inputSchema: none }, (_, context) =>
      withLogging(context),
    );
  server.registerTool(
    'test_custom_header',
    { description: 'A header of its own', inputSchema: headerSchema },
    async () => say('ok'),
  );
  const polling = { description: 'Closes its stream', inputSchema: none };
  server.registerTool('test_reconnection', polling, async (_, { http }) => {
    http?.closeSSE?.();
    await wait(100);
    return say('done');
  });
  registerElicitations(server);
}

const withHeader: object = {
  type: 'object',
  properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
};
const headerSchema = fromJsonSchema(withHeader as JsonSchemaType);

async function withProgress({ mcpReq }: ServerContext) {
  const progressToken = mcpReq._meta?.progressToken;
  for (const progress of [0, 50, 100]) {
    if (progressToken !== undefined) {
      const params = { progressToken, progress, total: 100 };
      await mcpReq.notify({ method: 'notifications/progress', params });
    }
    await wait(50);
  }
  return say('done');
}

async function withLogging({ mcpReq }: ServerContext) {
  for (const text of [
    'Tool execution started',
    'Tool processing data',
    'Tool execution completed',
  ]) {
    // oxlint-disable-next-line typescript/no-deprecated -- the suite asks for it
    await mcpReq.log('info', text);
    await wait(50);
  }
  return say('done');
}

type Properties = ElicitRequestFormParams['requestedSchema']['properties'];

/** Of the older revisions, where the server asks in the middle of a call. */
function registerElicitations(server: McpServer): void {
  const prompt = z.object({ prompt: z.string() });
  server.registerTool(
    'test_sampling',
    { description: 'Samples', inputSchema: prompt },
    async (args, { mcpReq }) => {
      const messages = [{ role: 'user', content: { type: 'text', text: args.prompt } }];
      const params = { messages, maxTokens: 100 };
      const { content } = await mcpReq.send({ method: 'sampling/createMessage', params });
      return say(`LLM response: ${JSON.stringify(content)}`);
    },
  );
  const message = z.object({ message: z.string() });
  server.registerTool(
    'test_elicitation',
    { description: 'Asks', inputSchema: message },
    (args, context) =>
      ask(context, args.message, 'User response', {
        username: { type: 'string', description: "User's response" },
        email: { type: 'string', description: "User's email address" },
      }),
  );
  server.registerTool(
    'test_elicitation_sep1034_defaults',
    { description: 'Defaults', inputSchema: none },
    (_, context) =>
      ask(context, 'Defaults', 'Elicitation completed', {
        name: { type: 'string', default: 'John Doe' },
        age: { type: 'integer', default: 30 },
        score: { type: 'number', default: 95.5 },
        status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
        verified: { type: 'boolean', default: true },
      }),
  );
  server.registerTool(
    'test_elicitation_sep1330_enums',
    { description: 'Enums', inputSchema: none },
    (_, context) => ask(context, 'Enums', 'Elicitation completed', enums),
  );
}

const options = ['option1', 'option2', 'option3'];
const titled = ['First', 'Second', 'Third'].map((title, at) => ({
  const: `value${at + 1}`,
  title: `${title} Option`,
}));

const enums: Properties = {
  untitledSingle: { type: 'string', enum: options },
  titledSingle: { type: 'string', oneOf: titled },
  legacyEnum: {
    type: 'string',
    enum: ['opt1', 'opt2', 'opt3'],
    enumNames: ['Option One', 'Option Two', 'Option Three'],
  },
  untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
  titledMulti: { type: 'array', items: { anyOf: titled } },
};

async function ask(
  { mcpReq }: ServerContext,
  message: string,
  head: string,
  properties: Properties,
) {
  const required = head === 'User response' ? Object.keys(properties) : [];
  const requestedSchema = { type: 'object', properties, required } as const;
  const params = { message, requestedSchema };
  const { action, content } = await mcpReq.send({ method: 'elicitation/create', params });
  return say(`${head}: action=${action}, content=${JSON.stringify(content ?? {})}`);
}
