import { fc, test } from '@fast-check/vitest';
import { open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { cfg, ddim } from 'noisefold/diffusion';
import { evaluate, key, program } from 'noisefold/dsl';
import { sample } from 'noisefold/training';
import { describe, expect } from 'vitest';
import { attributes, IMAGE, isHeldOut } from '../../faces/attributes.js';
import { architectureOf, recipe } from '../../faces/recipe.js';
import type { Paint, Pixels } from '../shared/messages.js';
import { defaultSettings } from '../shared/settings.js';
import type { Effect, Event } from './event.js';
import { blank, codeOf, COUNT, faced, type Faces, facesQuery, NAMES, requestOf, STEPS, textOf, way } from './faces.js';

const opened: Event = { _tag: 'Opened', settings: defaultSettings, folder: '/' };
const begun: Event = { _tag: 'Begun', from: 'noise', step: 0, goal: 9 };

const turn = (...events: readonly Event[]): { readonly state: Faces; readonly effects: readonly Effect[] } =>
  events.reduce<{ readonly state: Faces; readonly effects: readonly Effect[] }>(
    ({ state }, event) => {
      const [next, effects] = faced(state, event);
      return { state: next, effects };
    },
    { state: blank, effects: [] },
  );

const loading: readonly Event[] = [opened, begun, { _tag: 'FacesWanted' }];
const loaded: readonly Event[] = [...loading, { _tag: 'FacesLoaded' }];

const paintIn = (effects: readonly Effect[]): Paint => {
  const paints = effects.flatMap((effect) =>
    effect._tag === 'Post' && effect.request._tag === 'Paint' ? [effect.request] : [],
  );
  expect(paints).toHaveLength(1);
  return paints[0]!;
};

/** A request with any values, of which some are open. */
const requests = fc
  .record(Object.fromEntries(NAMES.map((name) => [name, fc.constantFrom(...attributes[name], undefined)])))
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));

describe('the figure "Describe it"', () => {
  test('loads its network when somebody asks for it, and then draws at once', () => {
    expect(turn(opened, begun).effects).toEqual([]);
    expect(turn(...loading).effects).toEqual([{ _tag: 'Post', request: { _tag: 'LoadFaces' } }]);
    const { conditions, network, from, guidance, steps } = paintIn(turn(...loaded).effects);
    expect([network, from!.sigma, from!.x.length, guidance, steps]).toEqual(['faces', Infinity, 16 * 16 * 3, 1.5, 25]);
    expect(Object.keys(conditions)).toEqual(Object.keys(attributes));
    for (const values of Object.values(conditions)) expect(values).toHaveLength(COUNT);
  });

  test('a press while the network loads changes nothing', () => {
    const { state, effects } = turn(...loading, { _tag: 'FacesPressed' });
    expect([state, effects]).toEqual([turn(...loading).state, []]);
  });

  test('draws again after a lost GPU, and after a worker that stopped and loads the network again', () => {
    paintIn(turn(...loaded, { _tag: 'Lost', step: 1, message: '' }, { ...begun, from: 'lost' }).effects);
    const restarted = turn(...loaded, { _tag: 'Crashed', message: '' }, opened);
    expect(restarted.effects).toEqual([{ _tag: 'Post', request: { _tag: 'LoadFaces' } }]);
    paintIn(turn(...loaded, { _tag: 'Crashed', message: '' }, opened, { _tag: 'FacesLoaded' }, begun).effects);
  });

  test('draws when the worker is ready, if the network came first', () => {
    const early = turn({ _tag: 'FacesWanted' }, opened, { _tag: 'FacesLoaded' });
    expect(early.effects).toEqual([]);
    paintIn(faced(early.state, begun)[1]);
  });

  test('another training does not draw again', () => {
    expect(turn(...loaded, begun).effects).toEqual([]);
  });

  test('the first face of a first visit is in no training, and no other one is', () => {
    expect(way(blank).map((request) => isHeldOut(request))).toEqual(way(blank).map((_, i) => i === 0));
  });

  test.prop([requests, requests])('each face takes one more attribute of the last one', (face, other) => {
    const faces = way({ face, other });
    expect([faces[0], faces.at(-1)]).toEqual([requestOf(textOf(face)), requestOf(textOf(other))]);
    faces.slice(1).forEach((one, i) => {
      const changed = NAMES.filter((name) => one[name] !== faces[i]![name]);
      expect(changed.every((name) => name === NAMES[i])).toBe(true);
    });
  });

  test.prop([requests])('an open attribute has the number of all values', (request) => {
    const numbers = paintIn(
      turn(...loaded, { _tag: 'FacesSet', query: `face=${textOf(request)}&other=000000000` }).effects,
    );
    for (const name of NAMES) {
      const values: readonly string[] = attributes[name];
      const value = request[name];
      expect(numbers.conditions[name]![0]).toBe(value === undefined ? values.length : values.indexOf(value));
    }
  });

  test.prop([requests, requests, fc.nat()])('is the same for whoever opens its link', (face, other, seed) => {
    const query = facesQuery({ face, other, seed });
    const { state } = turn({ _tag: 'FacesSet', query });
    expect(facesQuery(state)).toBe(query);
  });

  test('a choice changes one attribute of one face, after those before it', () => {
    const chosen = { _tag: 'AttributeChosen', end: 'face' } as const;
    const { state } = turn(
      { ...chosen, name: 'background', value: 'blue' },
      { ...chosen, name: 'hair', value: 'bob' },
      { ...chosen, name: 'hat', value: null },
    );
    const { hat: _, ...others } = blank.face;
    expect(state).toEqual({ ...blank, face: { ...others, background: 'blue', hair: 'bob' } });
  });

  test('drops the invalid parts of a link', () => {
    const { state } = turn({ _tag: 'FacesSet', query: 'face=900000000&other=12&faces=x' });
    expect(state).toEqual(blank);
    expect(requestOf('60000000')).toBeNull();
    expect(requestOf('66.000000')).toBeNull();
    expect(requestOf('         ')).toBeNull();
  });

  test('draws from other noise, and shows the frames of its request', () => {
    const { state, effects } = turn(...loaded, { _tag: 'FacesPressed' });
    const { id, seed, from } = paintIn(effects);
    expect(seed).toBe(2);
    expect(from!.x).not.toEqual(paintIn(turn(...loaded).effects).from!.x);
    const image = new Uint8Array(0) as Pixels;
    const frame = { _tag: 'Frame', id, purpose: 'faces', index: 0, of: STEPS, t: 9, image, guess: image } as const;
    expect(faced(state, frame)[0].film!.stills).toHaveLength(1);
    expect(faced(state, { ...frame, id: id - 1 })[0].film!.stills).toHaveLength(0);
    expect(faced(state, { ...frame, purpose: 'morph' })[0].film!.stills).toHaveLength(0);
  });

  test('the lines below the figure draw a face', async () => {
    const nf = await open(wasm({ threads: 1 }));
    const { model, noising } = unwrap(architectureOf({ ...recipe, network: { ...recipe.network, base: 8 } }));
    const params = await nf.run(evaluate(program('key', model.init), {})(key(1)));
    const network = { model, noising, image: IMAGE, params };
    const { background: _, ...others } = blank.face;
    const lines = `${codeOf(others).replace('grid: 25', 'grid: 1')}\nreturn data`;
    expect(lines).toContain('background: [null]');
    const run = new Function('nf', 'network', 'sample', 'ddim', 'cfg', 'key', `return (async () => {${lines}})()`);
    const data = (await run(nf, network, sample, ddim, cfg, key)) as Float32Array;
    expect(data).toHaveLength(16 * 16 * 3);
    await nf.close();
  });
});
