import { LINK } from './event.js';
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { DIGITS, PATHS } from '../shared/noising.js';
import { choicesIn, mixed, noised, noisingQuery, normals, plain } from './noising.js';

const choice = fc.record({
  digit: fc.constantFrom(...DIGITS),
  seed: fc.nat(),
  path: fc.constantFrom(...PATHS),
  t: fc.nat(100).map((k) => 10 * k),
});

const set = (query: string) => noised(plain, { _tag: 'NoisingSet', query });

describe('the choices of the figure', () => {
  test.prop([choice])('stand in the hash of the URL, which gives the same figure', (all) => {
    const { digit, seed, path, t } = all;
    const [state, effects] = set(`path=${path}&t=${t}&seed=${seed}&digit=${digit}`);
    expect(state).toEqual({ ...all, drift: null, isSet: true, file: null });
    expect(effects).toEqual([{ _tag: 'Link' }]);
    expect(choicesIn(noisingQuery(state))).toEqual(all);
  });

  test.each([
    ['digit=4', 'digit=', 'digit=three', 'digit=-3'],
    ['seed=-1', 'seed=1.5', 'seed=1e3', 'seed=99999999999999999999'],
    ['path=quadratic', 'path=', 'path=toString'],
    ['t=1010', 't=645', 't=', 't= 640', 't=NaN', 't=%'],
  ])('keep their value if the new one is invalid, and it alone: %s', (...wrong) => {
    const valid = { digit: 'digit=8', seed: 'seed=5', path: 'path=linear', t: 't=640' };
    for (const part of wrong) {
      const name = part.split('=')[0]!;
      const others = Object.entries(valid).flatMap(([other, text]) => (other === name ? [] : [text]));
      const [state] = set([part, 'unknown=1', ...others].join('&'));
      const all = { ...plain, digit: 8, seed: 5, path: 'linear', t: 640, isSet: name !== 't' };
      expect(state).toEqual({ ...all, [name]: { ...plain }[name] });
    }
  });

  test('let time go from the digit to noise and back until one of them is set', () => {
    const after = (milliseconds: number, state = noised(plain, { _tag: 'DriftStarted' })[0]) =>
      noised(state, { _tag: 'Ticked', milliseconds })[0];
    expect(after(0).t).toBe(400);
    expect(after(3600).t).toBe(1000); // 6 of 12 seconds for all times
    expect(after(3600 + 6000).t).toBe(0);
    expect(after(12_000).t).toBe(400);
    const [rest] = noised(after(1200), { _tag: 'NoisingSet', query: '' });
    expect(rest.t).toBe(600);
    expect(after(1000, rest)).toEqual(rest);
  });

  test('stop at much noise when the network is asked for, unless the user chose a time', () => {
    const [goes] = noised(plain, { _tag: 'DriftStarted' });
    expect(noised(goes, { _tag: 'NetworkWanted' })).toEqual([{ ...plain, t: 900 }, [LINK]]);
    const [stopped] = noised(goes, { _tag: 'NoisingSet', query: 'digit=8' });
    expect(noised(stopped, { _tag: 'NetworkWanted' })[0]).toEqual({ ...plain, digit: 8, t: 900 });
    const [early] = set('t=350');
    expect(noised(early, { _tag: 'NetworkWanted' })).toEqual([early, []]);
  });

  test('stay if another part of the page changes', () => {
    expect(noised(plain, { _tag: 'TrainPressed' })).toEqual([plain, []]);
  });
});

describe('the noise', () => {
  test.prop([fc.nat()])('has the mean and the variance of N(0, 1), ± 6 standard deviations', (seed) => {
    const n = 10_000;
    const numbers = normals(seed, n);
    const sum = (f: (x: number) => number): number => numbers.reduce((total, x) => total + f(x), 0);
    expect(Math.abs(sum((x) => x) / n)).toBeLessThan(6 / Math.sqrt(n));
    expect(Math.abs(sum((x) => x * x) / n - 1)).toBeLessThan(6 * Math.sqrt(2 / n));
  });

  test('is the same for the same seed, and unrelated for the next one', () => {
    const n = 10_000;
    const [one, two] = [normals(1, n), normals(2, n)];
    expect(normals(1, n)).toEqual(one);
    const product = one.reduce((total, x, i) => total + x * two[i]!, 0) / n;
    expect(Math.abs(product)).toBeLessThan(6 / Math.sqrt(n));
  });
});

describe('the noisy digit', () => {
  test('is α of the digit and σ of the noise, cut off at paper and ink', () => {
    // black is -1 and white 1: 0.6 · (-1) + 0.8 · 0.5 = -0.2, a grey of 102; 0.6 + 0.8 · (-1) the same
    const x0 = Uint8Array.of(0, 255, 255, 0);
    expect([...mixed(x0, [0.5, -1, 1, -1], { alpha: 0.6, sigma: 0.8 })]).toEqual([102, 102, 255, 0]);
    expect([...mixed(x0, [9, 9, 9, 9], { alpha: 1, sigma: 0 })]).toEqual([...x0]);
  });
});
