/**
 * Serves a trained model over HTTP, using only Node. The sampling is compiled once. A few requests run at a time, a
 * limited number of others waits, and a request stops when its client disconnects.
 *
 *     GET /samples?labels=3,1&seed=7                     a picture of the samples; with `Accept: application/json` their numbers
 *     GET /samples?conditions={"hair":["long",null]}     samples with values of their conditions, as JSON
 *     GET /health                                        the numbers of requests that run and wait
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorIn, type Noisefold, unwrap } from 'noisefold';
import { failure, key } from 'noisefold/dsl';
import { encodePng, imageGrid, type PreparedSampling, type SampleRequest } from 'noisefold/training';
import { placesFor } from './places.js';

/** The model to serve, and limits. */
export interface Service {
  readonly nf: Noisefold;
  readonly prepared: PreparedSampling;
  /** The address to listen on; by default '127.0.0.1', which other machines cannot reach. */
  readonly host?: string;
  /** The port; 0 takes any free port. */
  readonly port: number;
  /** The number of requests that run at a time; by default 2, so that a short request need not wait for a long one. */
  readonly running?: number;
  /** The number of requests that may wait; by default 16. More are answered with 503. */
  readonly waiting?: number;
  /** True if each request must give labels or conditions, which guidance needs. */
  readonly needsConditions?: boolean;
  /** The number of images that a request may ask for; by default 64. */
  readonly images?: number;
  /** The milliseconds that `stop` waits for running requests; by default 25,000, less than Kubernetes waits. */
  readonly grace?: number;
}

/** A running service. */
export interface Serving {
  readonly url: string;
  /**
   * Accepts no more requests, rejects the waiting ones, and resolves when the running ones are finished. After `grace` it
   * cancels those that still run, and disconnects the clients.
   */
  readonly stop: () => Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes of a picture, or anything else as JSON. */
  readonly body: unknown;
}

const BUSY: Reply = {
  status: 503,
  headers: { 'retry-after': '5' }, // seconds
  body: { message: 'too many requests wait: ask again later' },
};

/** Parses a whole number. Other text stays text: it is the name of a class, or the library refuses it by the name of the field. */
const numberIn = (text: string): number | string => (/^-?\d{1,15}$/.test(text) ? Number(text) : text);

/** Parses JSON. Other text stays text, which the library refuses. */
const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

/** The fields of a query, whose values the library checks. `labels=0&labels=1` is `labels=0,1`. */
const fieldsOf = (query: URLSearchParams): { readonly seed?: number } & Omit<SampleRequest, 'key'> =>
  Object.fromEntries(
    Array.from(query, ([name, text]) => {
      if (name === 'labels') return [name, query.getAll(name).join().split(',').map(numberIn)];
      return [name, name === 'conditions' ? jsonIn(text) : numberIn(text)];
    }),
  );

/** The number of samples that a list of values, or `{ data, shape }`, asks for. */
const countOf = (values: unknown): number => {
  const { length, shape } = Object(values) as { readonly length?: unknown; readonly shape?: readonly unknown[] };
  return Number(shape?.[0] ?? length ?? 1);
};

const refusal = (expected: string, actual: string, hint: string): Reply => ({
  status: 400,
  body: failure('ConfigError', { where: 'samples', expected, actual, hint }),
});

/** The error of a query with an unknown or repeated parameter; null for a valid query. */
const misnamed = (query: URLSearchParams): Reply | null => {
  const hint = 'ask for /samples?labels=3,1&seed=7, or /samples?count=2 of a model without conditions';
  for (const name of query.keys()) {
    if (!['labels', 'conditions', 'count', 'seed'].includes(name))
      return refusal('labels, conditions, count or seed', name, hint);
    if (name !== 'labels' && query.getAll(name).length > 1) return refusal(`one ${name}`, 'several', hint);
  }
  return null;
};

/**
 * Bad input is an error of the client, and the message says what to change. Other errors are errors of the server, and
 * are logged.
 */
const replyTo = (thrown: unknown): Reply => {
  const error = errorIn(thrown);
  if (error?._tag === 'ConfigError') return { status: 400, body: error };
  if (error?._tag !== 'Cancelled') console.error(thrown);
  return { status: 500, body: { message: 'the samples could not be drawn' } };
};

const send = (response: ServerResponse, { status, headers, body }: Reply): void => {
  const isPicture = body instanceof Uint8Array;
  response.writeHead(status, { 'content-type': isPicture ? 'image/png' : 'application/json', ...headers });
  response.end(isPicture ? body : JSON.stringify(body));
};

/** Starts to serve. Rejects if the port is taken. */
export const serve = async (service: Service): Promise<Serving> => {
  const { nf, prepared, host = '127.0.0.1', port, images: most = 64, grace = 25_000 } = service;
  const places = placesFor({ running: service.running ?? 2, waiting: service.waiting ?? 16 });

  const samples = async (query: URLSearchParams, accept: string, signal: AbortSignal): Promise<Reply> => {
    const wrong = misnamed(query);
    if (wrong !== null) return wrong;
    const { seed = randomInt(2 ** 32), ...fields } = fieldsOf(query);
    const { labels, count } = fields;
    const conditions = fields.conditions ?? {}; // JSON has null, which the library refuses
    const asked = Math.max(...[labels, ...Object.values(conditions)].map(countOf), Number(count ?? 1));
    if (asked > most)
      return refusal(`at most ${most} images in a request`, `${asked}`, 'ask several times, with other seeds');
    if (service.needsConditions && labels === undefined && Object.keys(conditions).length === 0)
      return refusal(
        'labels or conditions, as the server draws with guidance',
        'none',
        'add labels=3,1: a class for each sample',
      );
    const request: SampleRequest = { key: key(seed), signal, ...fields };

    if (!(await places.enter(signal))) return BUSY;
    try {
      const images = await nf.run(prepared.sample(request));
      const headers = { 'x-seed': `${seed}`, vary: 'accept' };
      if (accept.includes('application/json'))
        return { status: 200, headers, body: { seed, shape: images.shape, data: Array.from(images.data) } };
      return { status: 200, headers, body: await nf.run(encodePng(unwrap(imageGrid(images)))) };
    } finally {
      places.leave();
    }
  };

  const replyOf = async ({ method, url = '', headers }: IncomingMessage, signal: AbortSignal): Promise<Reply> => {
    const [path, query = ''] = url.split('?', 2);
    if (path !== '/samples' && path !== '/health')
      return { status: 404, body: { message: 'there are /samples and /health' } };
    if (method !== 'GET') return { status: 405, headers: { allow: 'GET' }, body: { message: 'only GET is served' } };
    if (path === '/health') return { status: nf.backend.lost() === null ? 200 : 503, body: places.counts() };
    return samples(new URLSearchParams(query), headers.accept ?? '', signal).catch(replyTo);
  };

  /** Handles a request; resolves when the response is sent, or the client has disconnected. */
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const gone = new AbortController();
    const { socket } = request;
    socket.setMaxListeners(0); // one for each request that a client sends before it reads the answers
    const close = (): void => gone.abort(); // has no effect after the response
    const closed = once(gone.signal, 'abort');
    // the response to such a request has no event if its client disconnects
    for (const end of [response, socket]) end.once('close', close);
    const reply = await replyOf(request, gone.signal);
    if (!gone.signal.aborted) send(response, reply);
    await closed;
    socket.off('close', close);
  };

  const answers = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const answered = answer(request, response).finally(() => answers.delete(answered));
    answers.add(answered);
  });
  server.listen(port, host);
  await once(server, 'listening');

  const { port: actual } = server.address() as AddressInfo; // it listens on a port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    stop: async () => {
      places.close();
      const closed = once(server, 'close');
      server.close();
      const late = setTimeout(() => server.closeAllConnections(), grace);
      await Promise.all(answers);
      clearTimeout(late);
      server.closeAllConnections(); // browsers open connections before they send a request
      await closed;
    },
  };
};
