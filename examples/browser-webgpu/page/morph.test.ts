import { gunzipSync } from 'node:zlib';
import { open, unwrap } from 'noisefold';
import { reference } from 'noisefold/backends/reference';
import { cfg, cosine, ddim, ddpm } from 'noisefold/diffusion';
import { compile, key, program } from 'noisefold/dsl';
import { unet } from 'noisefold/nn';
import { encode, sample } from 'noisefold/training';
import { describe, expect, test } from 'vitest';
import { noising as built } from '../build/noising.js';
import { AREA, CLASSES } from '../shared/extent.js';
import type { Paint } from '../shared/messages.js';
import { digitIn } from '../shared/noising.js';
import type { Event } from './event.js';
import { BETWEEN, codeOf, type Morph, morphed, slerp, still } from './morph.js';
import { absent, type Shipped } from './network.js';
import { type Noising, plain } from './noising.js';

const file = Uint8Array.from(gunzipSync(built())).buffer;
const noising: Noising = { ...plain, file };
const loaded: Shipped = { ...absent, phase: 'loaded', employed: true, ready: true };
const pressed: Event = { _tag: 'MorphPressed' };

const turn = (state: Morph, event: Event, network = loaded) => morphed(state, event, network, noising);
const requestOf = (state: Morph, event: Event): Paint => {
  const [effect] = turn(state, event)[1];
  if (effect?._tag !== 'Post' || effect.request._tag !== 'Paint') throw new Error('no request');
  return effect.request;
};
const painted = (id: number, x: Float32Array<ArrayBuffer>): Event => ({
  ...{ _tag: 'Painted', id, purpose: 'morph', milliseconds: 1, evaluations: 1, x },
});

describe('a morph', () => {
  test('takes both digits to their noises, without a class', () => {
    const [chosen] = turn(still, { _tag: 'MorphSet', query: 'to=5' });
    const { solver, conditions, guidance, from } = requestOf(chosen, pressed);
    expect([solver, conditions, guidance, from!.sigma]).toEqual(['inversion', { label: [CLASSES, CLASSES] }, 1, 0]);
    const pixels = Uint8Array.from(from!.x, (x) => Math.round((x + 1) * 127.5));
    expect(pixels.slice(0, AREA)).toEqual(digitIn(file, 3).slice());
    expect(pixels.slice(AREA)).toEqual(digitIn(file, 5).slice());
    expect(turn(still, pressed, absent)).toEqual([still, []]);
    expect(turn(still, { _tag: 'MorphSet', query: 'to=4&nextId=8' })[0]).toEqual(still);
  });

  test('then draws from noises between them', () => {
    const [state] = turn(still, pressed);
    const ends = Float32Array.from({ length: 2 * AREA }, (_, i) => (i < AREA ? i % 2 : (i + 1) % 2));
    const { solver, from, conditions } = requestOf(state, painted(state.encoding!, ends));
    expect([solver, from!.sigma, conditions['label']!.length]).toEqual(['ddim', Infinity, BETWEEN]);
    expect(from!.x.slice(0, AREA)).toEqual(ends.slice(0, AREA));
    const last = from!.x.slice((BETWEEN - 1) * AREA);
    last.forEach((x, i) => expect(x).toBeCloseTo(ends[AREA + i]!, 6));
    expect(turn(state, painted(99, ends))).toEqual([state, []]);
  });

  test('goes along the arc: the norm stays, and the angle is divided', () => {
    const [a, b] = [Float32Array.of(2, 0), Float32Array.of(0, 2)];
    const third = slerp(a, b, 1 / 3);
    expect(third[0]).toBeCloseTo(2 * Math.cos(Math.PI / 6), 6);
    expect(third[1]).toBeCloseTo(2 * Math.sin(Math.PI / 6), 6);
    expect(slerp(a, a, 0.5)).toEqual(a);
  });
});

test('the lines below the figure run', async () => {
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
  const images = { data: new Float32Array(128), shape: [2, 8, 8, 1] };
  const mask = { data: new Float32Array(128).fill(1), shape: [2, 8, 8, 1] };
  const settings = { solver: ddim(), grid: 20, labels: [3, 8], guidance: cfg(2.5) };
  const labels = [null, null];
  const names = { nf, network, images, mask, settings, labels, sample, encode, ddim, key };
  const lines = `return (async () => { ${codeOf}\nreturn [changed, filled, noise, digits] })()`;
  const [changed, filled, noise, digits] = await (new Function(...Object.keys(names), lines)(
    ...Object.values(names),
  ) as Promise<readonly { readonly data: Float32Array }[]>);
  expect(changed!.data.some((x) => x !== 0)).toBe(true);
  expect([...filled!.data]).toEqual([...images.data]); // all of it is known
  expect(noise!.data).toHaveLength(128);
  // two digits of one colour return from their noises
  expect(Math.max(...digits!.data.map(Math.abs))).toBeLessThanOrEqual(1);
  await nf.close();
});
