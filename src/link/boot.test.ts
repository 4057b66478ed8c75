import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootMessage, bootScript, createGreetingSearch, greeting, nodeFlags } from './boot.ts';
import { spawnTransport } from './spawned.ts';

describe('the search for the greeting', () => {
  it('finds it behind any noise, wherever the stream is cut', () => {
    const part = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(part, part, fc.integer({ min: 1, max: 9 }), (noise, rest, step) => {
        const stream = Buffer.concat([noise, greeting, rest]);
        const search = createGreetingSearch();
        for (let at = 0; at < stream.length; at += step) {
          const result = search(stream.subarray(at, at + step));
          if (!result.found) continue;
          const more = stream.subarray(at + step);
          expect(Buffer.concat([result.rest, more])).toEqual(Buffer.from(rest));
          return;
        }
        expect.unreachable();
      }),
    );
  });

  it('gives up on noise without end, and keeps little of it', () => {
    const search = createGreetingSearch();
    const noise = Buffer.alloc(100_000, 'x');
    expect(() => {
      for (let n = 0; n < 20; n += 1) search(noise);
    }).toThrow(expect.objectContaining({ code: 'PROTOCOL' }));
  });
});

async function run(script: string, input: Uint8Array): Promise<{ code: number; stdout: string }> {
  const child = spawn(process.execPath, [...nodeFlags, '-e', script], {
    env: {},
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code, stdout };
}

describe('the boot script', () => {
  it('evaluates what it reads, and hands on what came behind it', async () => {
    const source = `// ${'long text '.repeat(20_000)}
      require('node:fs').writeSync(1, 'got ' + leftover.toString())`;
    const input = Buffer.concat([bootMessage(source), Buffer.from('the rest')]);
    expect(await run(bootScript, input)).toEqual({ code: 0, stdout: 'got the rest' });
  });

  it('ends when its input does', async () => {
    const cut = bootMessage('throw new Error()').subarray(0, 9);
    expect(await run(bootScript, cut)).toEqual({ code: 0, stdout: '' });
  });

  it('says so when node is too old', async () => {
    const old = 'Object.defineProperty(process.versions,"node",{value:"12.22.1"});';
    const { code, stdout } = await run(`${old}${bootScript}`, Buffer.of());
    expect(code).toBe(1);
    expect(() => createGreetingSearch()(Buffer.from(stdout))).toThrow(
      expect.objectContaining({ code: 'NO_NODE', message: expect.stringContaining('12.22.1') }),
    );
  });
});

describe('a spawned transport', () => {
  it('tells how its process ended, and the end of what it complained', async () => {
    const script = 'console.error("long ".repeat(9999) + "last\\x1b[2J"); process.exitCode = 7';
    const transport = spawnTransport({ name: 'it', command: [process.execPath, '-e', script] });
    expect(await transport.ended).toEqual({ reason: 'it ended (7)', exitCode: 7 });
    expect(transport.errorTail()).toMatch(/^.{1,2000}last \[2J$/);
  });

  it('tells when its program is not there', async () => {
    const transport = spawnTransport({ name: 'it', command: ['/no/such/program'] });
    expect((await transport.ended).reason).toContain('ENOENT');
    await transport.close();
  });

  it('ends a process that does not want to', async () => {
    const script = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log(1)';
    const command = [process.execPath, '-e', script];
    const transport = spawnTransport({ name: 'it', command, graceMs: 30 });
    await once(transport.input, 'data');
    await transport.close();
    expect((await transport.ended).reason).toContain('SIGKILL');
  });
});
