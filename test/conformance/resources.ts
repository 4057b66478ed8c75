/** The resources and prompts that the MCP conformance suite expects of a server under test, beside its own. */
import type { McpServer } from '@modelcontextprotocol/server';
import { completable, ResourceTemplate } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { png } from './tools.ts';

export function registerResources(server: McpServer): void {
  const texts = {
    'test://static-text': 'This is the content of the static text resource.',
    'test://watched-resource': 'Watched.',
  };
  for (const [uri, text] of Object.entries(texts))
    server.registerResource(uri, uri, { description: 'A text', mimeType: 'text/plain' }, () => ({
      contents: [{ uri, mimeType: 'text/plain', text }],
    }));
  const image = 'test://static-binary';
  server.registerResource(image, image, { description: 'An image', mimeType: 'image/png' }, () => ({
    contents: [{ uri: image, mimeType: 'image/png', blob: png }],
  }));
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined });
  server.registerResource(
    'template',
    template,
    { description: 'By id' },
    ({ href: uri }, { id }) => {
      const text = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` });
      return { contents: [{ uri, mimeType: 'application/json', text }] };
    },
  );
}

export function registerPrompts(server: McpServer): void {
  const user = (text: string) => ({
    role: 'user' as const,
    content: { type: 'text' as const, text },
  });
  server.registerPrompt('test_simple_prompt', { description: 'Simple' }, () => ({
    messages: [user('This is a simple prompt for testing.')],
  }));
  const completed = completable(z.string().describe('First'), (value) =>
    ['paris', 'park', 'party'].filter((one) => one.startsWith(value)),
  );
  const two = z.object({ arg1: completed, arg2: z.string().describe('Second') });
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'Two', argsSchema: two },
    ({ arg1, arg2 }) => ({
      messages: [user(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
    }),
  );
  const one = z.object({ resourceUri: z.string() });
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'Embedded', argsSchema: one },
    ({ resourceUri: uri }) => {
      const text = 'Embedded resource content for testing.';
      const resource = { uri, mimeType: 'text/plain', text };
      return {
        messages: [
          { role: 'user', content: { type: 'resource', resource } },
          user('Please process the embedded resource above.'),
        ],
      };
    },
  );
  server.registerPrompt('test_prompt_with_image', { description: 'Image' }, () => ({
    messages: [
      { role: 'user', content: { type: 'image', data: png, mimeType: 'image/png' } },
      user('Please analyze the image above.'),
    ],
  }));
}
