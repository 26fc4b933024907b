import { gunzipSync } from 'node:zlib';
import { open, unwrap } from 'noisefold';
import { reference } from 'noisefold/backends/reference';
import { cfg, cosine, ddim, ddpm } from 'noisefold/diffusion';
import { compile, key, program } from 'noisefold/dsl';
import { unet } from 'noisefold/nn';
import { sample } from 'noisefold/training';
import { describe, expect, test } from 'vitest';
import { noising as built } from '../build/noising.js';
import { AREA, CLASSES } from '../shared/extent.js';
import type { Paint } from '../shared/messages.js';
import { digitIn, PATHS } from '../shared/noising.js';
import { type Effect, type Event, LINK } from './event.js';
import { absent, type Shipped } from './network.js';
import { type Noising, normals, plain } from './noising.js';
import { codeOf, LAST, removed, type Removing, stillOf, timesOf, untouched, WAYS } from './removing.js';

const file = Uint8Array.from(gunzipSync(built())).buffer;
const noising: Noising = { ...plain, file, t: 640 };
const loaded: Shipped = { ...absent, phase: 'loaded', employed: true, ready: true };
const arrived: Event = { _tag: 'NetworkLoaded', name: null };

const move = (event: Event, state: Removing = untouched, of: Noising = noising, network = loaded) =>
  removed(state, event, of, network);
const paintsOf = (effects: readonly Effect[]): readonly Paint[] =>
  effects.flatMap((effect) => (effect._tag === 'Post' && effect.request._tag === 'Paint' ? [effect.request] : []));

describe('the requests of the figure', () => {
  test('begin at the x_t of the first figure, each way for itself', () => {
    const paints = paintsOf(move(arrived)[1]);
    expect(paints.map(({ solver, steps }) => ({ solver, steps }))).toEqual(WAYS);
    expect(new Set(paints.map(({ part }) => part)).size).toBe(WAYS.length);
    const x0 = digitIn(file, 2);
    const [alpha, sigma] = [Math.cos(0.32 * Math.PI), Math.sin(0.32 * Math.PI)]; // nearly those of the cosine schedule at 640
    for (const { from, conditions, guidance } of paints) {
      expect([conditions, guidance]).toEqual([{ label: [2] }, 2.5]);
      expect(Math.abs(from!.sigma - sigma / alpha)).toBeLessThan(0.02);
      const noise = normals(1, AREA);
      from!.x.forEach((x, i) =>
        expect(Math.abs(x - alpha * (x0[i]! / 127.5 - 1) - sigma * noise[i]!)).toBeLessThan(0.02),
      );
    }
  });

  test.each(PATHS)('have the variance that the network knows, on the path %s', (path) => {
    const [{ from }] = paintsOf(move(arrived, untouched, { ...noising, path, t: 900 })[1]) as [Paint];
    const [{ from: other }] = paintsOf(move(arrived, untouched, { ...noising, path, t: 900, seed: 2 })[1]) as [Paint];
    // the difference of two x_t has the noise of both: 2·σ²/(α² + σ²) = 2/(1 + (α/σ)²)
    const sum = from!.x.reduce((all, x, i) => all + (x - other!.x[i]!) ** 2, 0) / AREA;
    expect(sum * (1 + from!.sigma ** -2)).toBeCloseTo(2, 0);
  });

  test('wait for the network, the numbers of the first figure, and noise to remove', () => {
    expect(move(arrived, untouched, noising, absent)[1]).toEqual([]);
    expect(move(arrived, untouched, plain)[1]).toEqual([]);
    const [state, effects] = move(arrived, move(arrived)[0], { ...noising, t: 0 });
    expect([state.films, effects]).toEqual([WAYS.map(() => null), []]);
  });

  test('are made again for another x_t, and when the network gets no class', () => {
    const [state] = move(arrived);
    const [again, effects] = move({ _tag: 'NoisingSet', query: '' }, state);
    expect(paintsOf(effects).map(({ id }) => id)).toEqual(WAYS.map((_, part) => WAYS.length + part));
    const free = paintsOf(move({ _tag: 'RemovingSet', query: 'byClass=no' }, again)[1]);
    expect(free.map(({ conditions, guidance }) => [conditions, guidance])).toEqual(
      WAYS.map(() => [{ label: [CLASSES] }, 1]),
    );
    expect(move({ _tag: 'RemovingSet', query: 'column=4' }, state)).toEqual([{ ...state, column: 4 }, [LINK]]);
  });
});

test('a film takes only its own frames', () => {
  const [state] = move(arrived);
  const frame = (id: number): Event => ({
    ...{ _tag: 'Frame', id, purpose: 'removal', index: 0, of: 20, t: 639 },
    image: new Uint8Array(AREA),
    guess: new Uint8Array(AREA),
  });
  const stills = (event: Event) => move(event, state)[0].films.map((film) => film!.stills.length);
  expect(stills(frame(1))).toEqual([0, 1, 0, 0, 0, 0]);
  expect(stills(frame(77))).toEqual([0, 0, 0, 0, 0, 0]);
});

describe('the columns', () => {
  test.each(PATHS)('fall from the time of the first figure to the data, on the path %s', (path) => {
    const times = timesOf({ file, path, t: 640 });
    expect(times).toHaveLength(LAST + 1);
    expect([times[0], times[LAST]]).toEqual([640, 0]);
    times.slice(1).forEach((time, k) => expect(time).toBeLessThan(times[k]!));
  });

  test('are in equal distances on the path of the network, and at equal log-SNR on another', () => {
    timesOf({ file, path: 'cosine', t: 640 }).forEach((time, k) => expect(time).toBeCloseTo(640 - 64 * k, 0));
    // flow matching at t = 0.5 has a log-SNR of 0, which the cosine has in the middle too
    expect(timesOf({ file, path: 'rectifiedFlow', t: 500 })[5]).toBeCloseTo(
      // half of the way back the angle is π/8, up to the offset of the cosine
      1000 / (1 + 1 / Math.tan(Math.PI / 8)),
      -1,
    );
  });

  test('are moments of films of any length', () => {
    const film = (of: number) => ({
      id: 0,
      labels: [2],
      learned: 0,
      of,
      stills: Array.from({ length: of + 1 }, (_, t) => ({ t })),
    });
    const at = (of: number) => [0, 5, 10].map((column) => stillOf(film(of) as never, column)?.t);
    expect(at(20)).toEqual([0, 10, 20]);
    expect(at(10)).toEqual([0, 5, 10]);
  });
});

test.each([
  [640, true],
  [640, false],
  [0, true],
  [1000, true],
])('the lines below the figure run, from t = %d, with the class: %s', async (time, byClass) => {
  const model = unwrap(
    unet({
      image: [8, 8, 1],
      base: 2,
      multipliers: [1],
      groups: 1,
      heads: 1,
      conditions: { label: 10 },
      timesteps: 1000,
      predicts: 'v',
    }),
  );
  const nf = await open(reference());
  const { run } = await nf.run(compile(program('key', model.init), {}));
  const network = { model, noising: unwrap(ddpm(cosine(1000))), image: [8, 8, 1], params: await nf.run(run(key(1))) };
  const images = { data: new Float32Array(64), shape: [1, 8, 8, 1] };
  const names = { nf, network, images, sample, ddim, cfg, key };
  const lines = `return (async () => { ${codeOf(3, time, byClass)}\nreturn data })()`;
  expect(codeOf(3, 640, true)).toContain('grid: 31, from: { images, strength: 0.64 }'); // 20 of them are below 0.64
  const data = await (new Function(...Object.keys(names), lines)(...Object.values(names)) as Promise<Float32Array>);
  expect(data.every((x) => x >= -1 && x <= 1)).toBe(true);
  await nf.close();
});
