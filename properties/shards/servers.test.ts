/** Servers that cannot be used, and those that ask for a password or for certificates. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { queue } from '../../src/shards/index.js';
import { bundled } from '../bundled.js';
import { valueOf } from '../oracles/plans.js';
import { farm, options } from './farm.js';
import { waitFor } from '../waiting.js';
import { freePort, valkeyIn, type WorkerProcess, workerOf } from './valkey.js';

const { world, workers, folderFor, urlOf, startWorker, draw: drawn, demandEqual } = farm();

interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Makes an authority, and the certificates of a server at 127.0.0.1 and of a client. Returns the paths of their files. */
const certificatesIn = (folder: string) => {
  mkdirSync(folder);
  const run = (...words: string[]): void => void execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' });
  const make = (name: string, ...words: string[]): Certificate => {
    const [cert, key] = [`${name}.pem`, `${name}.key`];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    run('req', '-x509', ...curve, '-keyout', key, '-out', cert, '-days', '2', '-subj', `/CN=${name}`, ...words);
    return { cert: join(folder, cert), key: join(folder, key) };
  };
  const { cert: ca } = make('authority');
  const signed = ['-CA', 'authority.pem', '-CAkey', 'authority.key', '-addext', 'basicConstraints=critical,CA:FALSE'];
  return {
    ca,
    server: make('server', ...signed, '-addext', 'subjectAltName=IP:127.0.0.1'),
    client: make('client', ...signed),
  };
};

/** Starts a server that answers with a text each time that it receives something. */
const answering = (text: string): Promise<Server> =>
  new Promise((resolve) => {
    const own = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (received) => {
        for (const _ of received.toString().match(/^\*/gm) ?? []) socket.write(text); // for each command
      });
    });
    own.listen(0, '127.0.0.1', () => resolve(own));
  });

describe('a program and a worker end with an error', options, () => {
  /** Starts a program and a worker of a queue, whose patience is short. */
  const both = async (name: string, url: string) => {
    const program = folderFor('queueProgram.mjs');
    writeFileSync(program, await bundled(new URL('./queueProgram.ts', import.meta.url), { node: true }));
    const worker = startWorker(name, url, { PATIENCE: '2' });
    workers.push(workerOf(program, [url, name, folderFor(name), world().checkpoint, '2']));
    return [worker, workers.at(-1)!] as const;
  };
  const errorsOf = async (processes: readonly WorkerProcess[]): Promise<readonly string[]> => {
    await waitFor('the end of the program and of the worker', Promise.all(processes.map(({ end }) => end())));
    return processes.map(({ printed }) => printed().match(/^Backend.*$/m)?.[0] ?? printed());
  };

  test.each([
    ['is silent', '', 'got no answer for 2 s; look at the output of the server; give rediss://… if it speaks TLS'],
    ['sends garbage', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'another program answers at this port'],
    ['answers OK to all commands', '+OK\r\n', 'got "OK" to PING; give the url of the server'],
  ])('of a server that %s', async (_, text, message) => {
    const own = await answering(text);
    const { port } = own.address() as AddressInfo;
    const errors = await errorsOf(await both('odd', urlOf(port)));
    own.close();
    for (const error of errors) expect(error).toMatch(/^BackendUnavailable: /);
    for (const error of errors) expect(error).toContain(message);
  });

  test.each([
    ['does not speak TLS', 'rediss://', '', 'give redis://… if it does not speak TLS'],
    ['has no memory left', 'redis://', '--maxmemory 1', 'give the server more memory (maxmemory)'],
    [
      'refuses commands',
      'redis://poor:x@',
      '--user poor on nopass ~* &* +@all -set',
      'give the user of the url all rights',
    ],
    [
      'refuses scripts',
      'redis://poor:x@',
      '--user poor on nopass ~* &* +@all -eval -evalsha',
      'give the user of the url all rights',
    ],
  ])('of a server that %s', async (name, before, words, hint) => {
    const own = await valkeyIn(folderFor(`data of a server that ${name}`), () => words.split(' ').filter(Boolean));
    await own.start();
    const errors = await errorsOf(await both('odd', `${before}127.0.0.1:${own.port}`));
    await own.stop('SIGKILL');
    for (const error of errors) expect(error).toContain(hint);
  });

  test('of a server that is stopped while they run', async () => {
    const own = await valkeyIn(folderFor('data of a server that is stopped'));
    await own.start();
    const [worker, program] = await both('still', urlOf(own.port));
    const begun = async (): Promise<void> => {
      while (!program.printed().includes('are done')) await new Promise((go) => setTimeout(go, 20));
    };
    await waitFor('the first job', begun());
    own.pause();
    const errors = await errorsOf([worker, program]);
    await own.stop('SIGKILL');
    for (const error of errors) expect(error).toMatch(/^BackendFailure: .*got no answer for 2 s/);
  });
});

describe('a server that cannot be used', options, () => {
  test('is not there', async () => {
    const port = await freePort();
    expect(await drawn('absent', {}, urlOf(port))).toMatchObject({
      left: {
        _tag: 'BackendUnavailable',
        expected: expect.stringContaining(`${port}`),
        hint: expect.stringContaining('valkey-server'),
      },
    });
  });

  test('wants a password, and takes the right one', async () => {
    const locked = await valkeyIn(folderFor('data of a locked server'), () => ['--requirepass', 'open sesame']);
    await locked.start();
    for (const given of ['', ':wrong@']) {
      const result = await drawn('locked', {}, `redis://${given}127.0.0.1:${locked.port}`);
      expect(result).toMatchObject({ left: { _tag: 'BackendUnavailable', hint: expect.stringContaining('password') } });
      expect(JSON.stringify(result)).not.toContain('wrong@');
    }
    const url = `redis://:open%20sesame@127.0.0.1:${locked.port}`;
    startWorker('locked', url);
    await demandEqual('locked', valueOf(await drawn('locked', {}, url)));
    await locked.stop('SIGKILL');
  });

  test('goes away for longer than the patience', async () => {
    const own = await valkeyIn(folderFor('data of a server that goes'));
    await own.start();
    const engine = queue({ url: urlOf(own.port), name: 'gone', patience: 1 });
    setTimeout(() => void own.stop('SIGKILL'), 2000);
    expect(await drawn('gone', { engine })).toMatchObject({
      left: {
        _tag: 'BackendFailure',
        actual: expect.stringContaining('ECONNREFUSED'),
        hint: expect.stringContaining('start it again'),
      },
    });
  });

  test('speaks TLS, and wants a certificate of its client', async () => {
    const { ca, server, client } = certificatesIn(folderFor('certificates'));
    const own = await valkeyIn(folderFor('data of a server of certificates'), (port) => [
      ...['--port', '0', '--tls-port', `${port}`, '--tls-auth-clients', 'yes', '--tls-ca-cert-file', ca],
      ...['--tls-cert-file', server.cert, '--tls-key-file', server.key],
    ]);
    await own.start();
    const url = `rediss://127.0.0.1:${own.port}`;
    const text = (path: string): string => readFileSync(path, 'utf8');
    const refused: readonly (readonly [object, string])[] = [
      [{}, 'tls: { ca }'],
      [{ tls: { ca: text(ca) } }, 'tls: { cert, key }'],
    ];
    for (const [tls, hint] of refused)
      expect(await drawn('tls', { engine: queue({ url, name: 'tls', ...tls }) })).toMatchObject({
        left: { _tag: 'BackendUnavailable', hint: expect.stringContaining(hint) },
      });

    const program = folderFor('noisefold.mjs');
    writeFileSync(program, await bundled(new URL('../../src/cli/main.ts', import.meta.url), { node: true }));
    const files = ['--tls-ca', ca, '--tls-cert', client.cert, '--tls-key', client.key];
    const words = ['worker', '--queue', url, '--name', 'tls', '--checkpoints', world().checkpoint, '--threads', '1'];
    workers.push(workerOf(program, [...words, ...files]));
    const tls = { ca: text(ca), cert: text(client.cert), key: text(client.key) };
    await demandEqual('tls', valueOf(await drawn('tls', { engine: queue({ url, name: 'tls', tls }) })));
    await own.stop('SIGKILL');
  });
});
