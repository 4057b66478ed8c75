/**
 * Every tool with any arguments: it answers in time, with a result or an error of a known code, never touches anything
 * outside of the workspace and never tells what is there.
 */
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeTree, temporaryDirectory } from '../../test/support/tree.ts';
import { exitCodes } from '../errors.ts';
import { startPair } from '../session/testing.ts';
import { portOf, useTools } from './testing.ts';

const marker = 'WHAT-IS-OUTSIDE';
const deadlineMs = 10_000;
const runs = 25;

/** Paths that try to get out, cannot be, or are just odd. */
function hostilePaths(root: string): fc.Arbitrary<string> {
  const parts = [
    '..',
    '.',
    '',
    'a',
    'd',
    'out',
    '~',
    '.env',
    '.git',
    'hooks',
    '\0',
    ' ',
    '"',
    '\\',
    'é',
    '\udce9',
    'x'.repeat(300),
  ];
  const joined = fc
    .array(fc.constantFrom(...parts), { maxLength: 8 })
    .map((names) => names.join('/'));
  const fixed = [
    `${root} /f`,
    `${root}"`,
    dirname(root),
    '/etc/passwd',
    `${root}/../outside/f`,
    'out/f',
    'C:\\x',
    '//x',
    'file:///etc/passwd',
  ];
  return fc.oneof(joined, fc.constantFrom(...fixed), fc.string({ unit: 'binary', maxLength: 30 }));
}

interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
}

/** What fits the schema more or less, so that most calls get behind it. */
function argumentsFor(schema: JsonSchema, paths: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  const { type, properties = {}, items, enum: values, anyOf } = schema;
  if (values !== undefined) return fc.constantFrom(...values);
  if (anyOf !== undefined) return fc.oneof(...anyOf.map((one) => argumentsFor(one, paths)));
  switch (type) {
    case 'object':
      return fc.record(
        Object.fromEntries(
          Object.entries(properties).map(([key, one]) => [key, argumentsFor(one, paths)]),
        ),
        { requiredKeys: [] },
      );
    case 'array':
      return fc.array(argumentsFor(items ?? {}, paths), { maxLength: 4 });
    case 'string':
      return fc.oneof(paths, fc.constantFrom('*', '**/*', '[', '{a,b', '(a+)+$', '.', 'a', 'none'));
    case 'integer':
    case 'number':
      return fc.oneof(
        fc.integer({ min: -2, max: 200 }),
        fc.constantFrom(1e9, 0.5, Number.MAX_SAFE_INTEGER),
      );
    case 'boolean':
      return fc.boolean();
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

const names = [
  'read_file',
  'read_files',
  'edit_file',
  'write_file',
  'list_files',
  'directory_tree',
  'search_files',
  'grep',
  'file_info',
  'move_path',
  'delete_path',
  'create_directory',
  'sync_from_local',
  'sync_to_local',
  'sync_status',
  'pause_sync',
  'resume_sync',
  'list_conflicts',
  'resolve_conflict',
  'diff',
  'history',
  'restore',
  'undo',
  'workspace_info',
];

test('the list of tools is the one that is fuzzed', async () => {
  const { client } = await useTools();
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(names);
  for (const { description = '', outputSchema, annotations, title } of tools) {
    expect(description.length).toBeGreaterThan(20);
    expect(outputSchema).toBeDefined();
    expect(annotations).toMatchObject({ title, openWorldHint: false });
  }
});

/** Those that ask the session: with a real one, between two directories. */
const ofSession = names.slice(names.indexOf('sync_from_local'), names.indexOf('workspace_info'));

test('the tools of the session withstand any arguments while one runs', async () => {
  const pair = await startPair({ fill: (local) => makeTree(local, { a: 'x', 'd/b': 'y' }) });
  await pair.same();
  fs.writeFileSync(join(pair.local, 'a'), 'z');
  await pair.same();
  const { client } = await useTools({}, { root: pair.local, port: portOf(pair), waitMs: 50 });
  const { tools } = await client.listTools();
  const paths = fc.oneof(
    hostilePaths(pair.local),
    fc.constantFrom('a', 'd', '1', '2', '10m', 'local', 'base'),
  );
  for (const name of ofSession) {
    const schema = tools.find((tool) => tool.name === name)?.inputSchema as JsonSchema;
    await fc.assert(
      fc.asyncProperty(argumentsFor(schema, paths), async (args) => {
        const timeout = { timeout_ms: 200 };
        const call = {
          name,
          arguments: { ...(args as object), ...(name.startsWith('sync_') ? timeout : {}) },
        };
        const result = await client.callTool(call, { timeout: deadlineMs });
        const error = result._meta?.['cai/error'] as { code: string } | undefined;
        expect(error?.code, JSON.stringify([call, error])).not.toBe('INTERNAL');
      }),
      { numRuns: 12 },
    );
  }
  await client.callTool({ name: 'resume_sync', arguments: {} });
  await pair.same();
});

test.each(names)('%s withstands any arguments', async (name) => {
  const top = temporaryDirectory();
  const outside = join(top, 'outside');
  fs.mkdirSync(outside);
  for (const place of [join(outside, 'f'), join(top, 'root '), join(top, 'root"')])
    fs.writeFileSync(place, marker);
  const root = join(top, 'root');
  const spec = { a: 'text\n', 'd/a': 'b', '.env': marker, out: { link: '../outside' } };
  const { client } = await useTools(spec, { root });
  const { tools } = await client.listTools();
  const schema = tools.find((tool) => tool.name === name)?.inputSchema as JsonSchema;
  const any = fc.dictionary(fc.string({ maxLength: 10 }), fc.jsonValue({ maxDepth: 2 }), {
    maxKeys: 4,
  });
  const given = fc.oneof(
    { weight: 6, arbitrary: argumentsFor(schema, hostilePaths(root)) },
    { weight: 1, arbitrary: any },
  );
  await fc.assert(
    fc.asyncProperty(given, async (args) => {
      const call = { name, arguments: args as Record<string, unknown> };
      const result = await client.callTool(call, { timeout: deadlineMs });
      const text = JSON.stringify(result);
      expect(text).not.toContain(marker);
      const error = result._meta?.['cai/error'] as { code: string } | undefined;
      if (error !== undefined) {
        expect(Object.keys(exitCodes)).toContain(error.code);
        expect(error.code).not.toBe('INTERNAL');
        expect(text).not.toContain('/proc/self');
      }
    }),
    { numRuns: runs },
  );
  expect(fs.readdirSync(top).sort()).toEqual(['outside', 'root', 'root ', 'root"']);
  expect(fs.readdirSync(outside)).toEqual(['f']);
  expect(fs.readFileSync(join(outside, 'f'), 'utf8')).toBe(marker);
  expect(fs.existsSync(join(root, '.git', 'hooks'))).toBe(false);
});
