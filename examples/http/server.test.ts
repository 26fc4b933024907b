import { once } from 'node:events';
import { connect } from 'node:net';
import { errorIn, type Noisefold, open, right, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { ancestral, cfg, cosine, ddpm, labelOf, type Model, vectorOf } from 'noisefold/diffusion';
import { add, cast, key, mul, scaleBy, sum, tanh } from 'noisefold/dsl';
import { layer } from 'noisefold/nn';
import {
  encodePng,
  imageGrid,
  type PreparedSampling,
  prepareSampling,
  type SampleRequest,
  type Trained,
} from 'noisefold/training';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../../properties/waiting.js';
import { serve, type Serving } from './server.js';

/** A model with three classes and a vector of one number, and without parameters. */
const model: Model<object, [2, 2, 1]> = {
  ...layer({}, () => null),
  predicts: 'x0',
  conditions: { label: { classes: 3 }, size: { vector: 1 } },
  apply: (_, x, at) => {
    const [label, size] = [labelOf(at), vectorOf(at, 'size')];
    const sized = size === undefined ? tanh(x) : add(tanh(x), mul(0.2, scaleBy(x, sum(size, 1))));
    return label === undefined ? sized : add(sized, mul(0.1, scaleBy(x, cast(label, 'float32'))));
  },
};
const trained: Trained<object, [2, 2, 1]> = {
  model,
  noising: unwrap(ddpm(cosine(1000))),
  image: [2, 2, 1],
  params: {},
};

let nf: Noisefold;
let prepared: PreparedSampling;
beforeAll(async () => {
  nf = await open(wasm());
  prepared = await nf.run(prepareSampling(trained, { solver: ancestral(), grid: 8, guidance: cfg(1.5) }));
});
afterAll(async () => {
  await nf.run(prepared.release);
  expect(nf.backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
  await nf.close();
});

type Limits = Partial<Parameters<typeof serve>[0]>;

/** Serves while `use` runs. */
const serving = async (limits: Limits, use: (service: Serving) => Promise<void>): Promise<void> => {
  const service = await serve({ nf, prepared, port: 0, ...limits });
  try {
    await use(service);
  } finally {
    await service.stop();
  }
};

/** Waits until a condition holds. */
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  const over = new AbortController();
  const holding = async (): Promise<void> => {
    while (!over.signal.aborted && !(await holds())) await new Promise((resolve) => void setTimeout(resolve, 2));
  };
  try {
    await waitFor(holds.toString(), holding());
  } finally {
    over.abort();
  }
};

const bytesAt = async (url: string): Promise<Buffer> => {
  const response = await waitFor(`the answer to ${url}`, fetch(url));
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/png']);
  return Buffer.from(await response.arrayBuffer());
};

const jsonAt = async (url: string): Promise<unknown> =>
  (await waitFor(`the answer to ${url}`, fetch(url, { headers: { accept: 'application/json' } }))).json();

/** Waits until the given numbers of requests run and wait. */
const counted = ({ url }: Serving, running: number, waiting: number): Promise<void> =>
  until(async () => {
    const counts = (await jsonAt(`${url}/health`)) as { readonly running: number; readonly waiting: number };
    return counts.running === running && counts.waiting === waiting;
  });

/** A sampling whose requests stop after their second step until `goOn` is called. */
const pausing = () => {
  const pauses: (() => void)[] = [];
  const requests: SampleRequest[] = [];
  const outcomes: string[] = [];
  const show = () => async () => {
    await new Promise<void>((resolve) => pauses.push(resolve));
    return right(undefined);
  };
  const sample: PreparedSampling['sample'] = (request) => {
    requests.push(request);
    const work = prepared.sample({ ...request, previews: { every: 2, show } });
    const noted = async () => {
      const result = await work();
      outcomes.push('left' in result ? result.left._tag : 'drawn');
      return result;
    };
    return noted as ReturnType<PreparedSampling['sample']>; // a member that a task has only in types
  };
  return {
    prepared: { ...prepared, sample },
    paused: () => pauses.length,
    requests,
    outcomes,
    goOn: () => pauses.splice(0).forEach((resolve) => resolve()),
  };
};
type Pausing = ReturnType<typeof pausing>;

/** Lets the requests continue until a promise resolves. */
const goOnUntil = async <A>(sampling: Pausing, promise: Promise<A>): Promise<A> => {
  const timer = setInterval(sampling.goOn, 2);
  try {
    return await waitFor('requests to run to their end', promise);
  } finally {
    clearInterval(timer);
  }
};

/** Serves a sampling that pauses while `use` runs; afterwards all requests run to their end. */
const servingWithPauses = async (
  limits: Limits,
  use: (service: Serving, sampling: Pausing) => Promise<void>,
): Promise<void> => {
  const sampling = pausing();
  const service = await serve({ nf, prepared: sampling.prepared, port: 0, ...limits });
  try {
    await use(service, sampling);
  } finally {
    const ended = until(() => sampling.outcomes.length === sampling.requests.length);
    await goOnUntil(sampling, Promise.all([service.stop(), ended]));
  }
};

/** Requests samples, and may disconnect before they arrive. */
const asking = ({ url }: Serving, query: string) => {
  const leaving = new AbortController();
  const response = waitFor(`the answer to ${query}`, fetch(`${url}/samples?${query}`, { signal: leaving.signal }));
  response.catch(() => undefined); // the test may await it later
  return { response, leave: () => leaving.abort() };
};

test('samples are those of the library: a picture, or numbers if the client accepts JSON', () =>
  serving({}, async ({ url }) => {
    const images = await nf.run(prepared.sample({ labels: [2, 1, 0], key: key(7) }));
    const query = 'labels=2,1,0&seed=7';
    const picture = await nf.run(encodePng(unwrap(imageGrid(images))));
    expect(await bytesAt(`${url}/samples?${query}`)).toEqual(Buffer.from(picture));
    expect(await jsonAt(`${url}/samples?${query}`)).toEqual({
      seed: 7,
      shape: [3, 2, 2, 1],
      data: Array.from(images.data),
    });
  }));

test('without a seed the response names the one that was used', () =>
  serving({}, async ({ url }) => {
    const response = await fetch(`${url}/samples?labels=1,2`);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(await bytesAt(`${url}/samples?labels=1,2&seed=${response.headers.get('x-seed')}`)).toEqual(bytes);
  }));

test('concurrent requests get the same bytes as single ones', () =>
  serving({ running: 3 }, async ({ url }) => {
    const urls = [
      'labels=0&seed=1',
      'labels=2,1,0&seed=2',
      'labels=1,0,2&seed=3',
      'labels=2,1,0&seed=2',
      'labels=1&seed=4',
    ].map((query) => `${url}/samples?${query}`);
    const alone = [];
    for (const one of urls) alone.push(await bytesAt(one));
    expect(await Promise.all(urls.map(bytesAt))).toEqual(alone);
    expect(new Set(alone.map((bytes) => bytes.toString('hex'))).size).toBe(4);
  }));

test('a running request whose client disconnects is cancelled, and its place and its memory are freed', () =>
  servingWithPauses({ running: 1 }, async (service, sampling) => {
    await goOnUntil(sampling, asking(service, 'labels=1').response); // compiles its programs
    const before = nf.backend.stats();
    const first = asking(service, 'labels=1');
    await until(() => sampling.paused() === 1);
    expect(nf.backend.stats().bytes).toBeGreaterThan(before.bytes);
    first.leave();
    await until(() => sampling.requests[1]!.signal!.aborted);
    sampling.goOn();
    await counted(service, 0, 0);
    expect(sampling.outcomes).toEqual(['drawn', 'Cancelled']);
    const { buffers, bytes } = before;
    expect(nf.backend.stats()).toMatchObject({ buffers, bytes });
    expect((await goOnUntil(sampling, asking(service, 'labels=1').response)).status).toBe(200);
  }));

test('a waiting request whose client disconnects never runs, and its place in the line is freed', () =>
  servingWithPauses({ running: 1, waiting: 1 }, async (service, sampling) => {
    const first = asking(service, 'labels=1&seed=1');
    await until(() => sampling.paused() === 1);
    const second = asking(service, 'labels=1&seed=2');
    await counted(service, 1, 1);
    second.leave();
    await counted(service, 1, 0);
    const third = asking(service, 'labels=1&seed=3');
    await counted(service, 1, 1);
    const answers = await goOnUntil(sampling, Promise.all([first.response, third.response]));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(sampling.requests.map((request) => request.key)).toEqual([key(1), key(3)]);
  }));

test('a request gets status 503 if too many wait; earlier ones get their samples in order', () =>
  servingWithPauses({ running: 2, waiting: 2 }, async (service, sampling) => {
    const asked = [];
    for (const seed of [1, 2, 3, 4]) {
      asked.push(asking(service, `labels=1&seed=${seed}`).response);
      await counted(service, Math.min(seed, 2), Math.max(seed - 2, 0));
    }
    const refusal = await asking(service, 'labels=1&seed=5').response;
    expect([refusal.status, refusal.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await refusal.json()).toEqual({ message: 'too many requests wait: ask again later' });
    const answers = await goOnUntil(sampling, Promise.all(asked));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(sampling.requests.map((request) => request.key)).toEqual([1, 2, 3, 4].map(key));
    await counted(service, 0, 0);
  }));

test.each([
  [
    'labels=2,9',
    'sample: label of sample 1: expected a class of the model, 0 to 2, got 9; give other classes, or make the model with more',
  ],
  ['labels=three', 'sample: label of sample 0: expected a number, because there are no names of classes, got "three"'],
  ['labels=', 'sample: label of sample 0: expected a number, because there are no names of classes, got ""'],
  ['lables=3', 'samples: expected labels, conditions, count or seed, got lables; ask for /samples?labels=3,1&seed=7'],
  ['labels=1&seed=1&seed=2', 'samples: expected one seed, got several'],
  ['seed=1', 'label'],
  ['count=0', 'sample.count: expected an integer ≥ 1, got 0'],
  ['count=1.5', 'sample.count: expected an integer ≥ 1, got "1.5"'],
  ['labels=1,0,1&count=2', 'sample: conditions.label: expected a value for each of 2 samples, or for one, got 3'],
  ['conditions={"size":[[1,2]]}', 'sample: size of sample 0: expected 1 numbers, or null for none, got 2 numbers'],
  [
    'conditions={"size":[[null]]}',
    'sample: size of sample 0: expected finite numbers of float32, got null at number 0',
  ],
  ['conditions={"siez":[[1]]}', 'a condition that the model does not take; did you mean size?'],
  [
    'conditions={"size":3}',
    'sample.conditions.size: expected a list with a value of each sample, or { data, shape }, got 3',
  ],
  ['conditions={"size":[[1],[1],[1],[1]]}', 'samples: expected at most 3 images in a request, got 4'],
  ['conditions={"size":{"data":[1,1,1,1],"shape":[4,1]}}', 'samples: expected at most 3 images in a request, got 4'],
  ['conditions=size', 'sample.conditions: expected'],
  ['conditions=null', 'sample.conditions: expected'],
  ['seed=luck', 'expected a safe integer, got luck'],
  ['key=1', 'samples: expected labels, conditions, count or seed, got key'],
  ['signal=1', 'samples: expected labels, conditions, count or seed, got signal'],
  ['count=4', 'samples: expected at most 3 images in a request, got 4; ask several times'],
  ['labels=1,1,1,1', 'samples: expected at most 3 images in a request, got 4'],
])('the query %s is refused with the message of the library', (query, message) =>
  serving({ images: 3 }, async ({ url }) => {
    const response = await fetch(`${url}/samples?${query}`);
    const error = (await response.json()) as Readonly<Record<string, string>>;
    expect([response.status, error['_tag']]).toEqual([400, 'ConfigError']);
    expect(error['message']).toContain(message);
    expect(error).toMatchObject({ expected: expect.any(String), actual: expect.any(String), hint: expect.any(String) });
    await counted({ url, stop: async () => undefined }, 0, 0);
  }),
);

test('takes conditions as JSON, beside labels', () =>
  serving({}, async ({ url }) => {
    const conditions = { size: [[0.5], null] };
    const images = await nf.run(prepared.sample({ labels: [2, 1], conditions, key: key(7) }));
    const query = new URLSearchParams({ labels: '2,1', conditions: JSON.stringify(conditions), seed: '7' });
    expect(await jsonAt(`${url}/samples?${query}`)).toMatchObject({ data: Array.from(images.data) });
    const other = await nf.run(prepared.sample({ labels: [2, 1], key: key(7) }));
    expect(other.data).not.toEqual(images.data);
  }));

test('repeated labels parameters equal a list of labels', () =>
  serving({}, async ({ url }) => {
    const once = await bytesAt(`${url}/samples?labels=2,1,0&seed=7`);
    expect(await bytesAt(`${url}/samples?labels=2&labels=1,0&seed=7`)).toEqual(once);
  }));

test('with guidance, a request without labels is refused, and the message asks for labels', () =>
  serving({ needsConditions: true }, async ({ url }) => {
    for (const query of ['count=2', 'seed=1']) {
      const response = await fetch(`${url}/samples?${query}`);
      const { message } = (await response.json()) as { readonly message: string };
      expect([response.status, message]).toEqual([
        400,
        'samples: expected labels or conditions, as the server draws with guidance, got none; add labels=3,1: a class for each sample',
      ]);
    }
  }));

test('other paths and methods are refused', () =>
  serving({}, async ({ url }) => {
    expect((await fetch(`${url}/`)).status).toBe(404);
    const posted = await fetch(`${url}/samples`, { method: 'POST', body: '{}' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET']);
  }));

test('stopping finishes running requests, rejects waiting ones, and accepts no more', async () => {
  await servingWithPauses({ running: 1 }, async (service, sampling) => {
    const running = asking(service, 'labels=1&seed=5').response;
    await until(() => sampling.paused() === 1);
    const waiting = asking(service, 'labels=1&seed=6').response;
    await counted(service, 1, 1);
    const stopped = service.stop();
    expect((await waiting).status).toBe(503);
    await expect(fetch(`${service.url}/health`)).rejects.toThrow('fetch failed');
    await goOnUntil(sampling, stopped);
    const picture = Buffer.from(await (await running).arrayBuffer());
    await serving({}, async ({ url }) => expect(await bytesAt(`${url}/samples?labels=1&seed=5`)).toEqual(picture));
  });
});

test('stopping cancels a request that still runs after the time of grace, and disconnects its client', () =>
  servingWithPauses({ grace: 1 }, async (service, sampling) => {
    const running = asking(service, 'labels=1').response;
    await until(() => sampling.paused() === 1);
    const stopped = service.stop();
    await expect(running).rejects.toThrow('fetch failed');
    await goOnUntil(sampling, stopped);
    expect(sampling.outcomes).toEqual(['Cancelled']);
  }));

test.each([1, 5])(
  'stopping disconnects a client that does not read its answers, to %i requests on one connection',
  async (requests) => {
    const shape = [1, 2048, 2048, 1];
    const images = { shape, data: new Float32Array(2048 * 2048).fill(0.1) }; // 80 MB of JSON, more than the sockets hold
    let draw = (): void => undefined;
    const drawn = new Promise<void>((resolve) => (draw = resolve));
    const sample = () => async () => right(await drawn.then(() => images));
    const large = { ...prepared, sample: sample as unknown as PreparedSampling['sample'] }; // a task, apart from its type
    const service = await serve({ nf, prepared: large, port: 0, grace: 1, running: 1 });
    const client = connect(Number(new URL(service.url).port), '127.0.0.1');
    client.write('GET /samples HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\r\n'.repeat(requests));
    await counted(service, 1, requests - 1);
    const stopped = service.stop();
    draw();
    await waitFor('the server to stop', stopped);
    client.destroy();
  },
);

test('stopping closes a connection on which no request was sent, such as browsers open', async () => {
  const service = await serve({ nf, prepared, port: 0 });
  const connection = connect(Number(new URL(service.url).port), '127.0.0.1');
  const end = once(connection, 'close');
  try {
    await once(connection, 'connect');
    await counted(service, 0, 0); // the server accepts connections in their order
    await waitFor('the server to stop', service.stop());
    await waitFor('the connection to be closed', end);
    expect(connection.bytesRead).toBe(0);
  } finally {
    connection.destroy();
  }
});

test('a port that is taken is an error', () =>
  serving({}, async ({ url }) => {
    const port = Number(new URL(url).port);
    await expect(serve({ nf, prepared, port })).rejects.toThrow('EADDRINUSE');
    expect(errorIn(await serve({ nf, prepared, port }).catch((thrown: unknown) => thrown))).toBe(null);
  }));
