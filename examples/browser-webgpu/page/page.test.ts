import { describe, expect, test } from 'vitest';
import { defaultSettings } from '../shared/settings.js';
import type { Failure, WhyWasm } from '../shared/messages.js';
import { backendOf, whyOf } from './device.js';
import type { Event, Opened } from './event.js';
import { draws } from './network.js';
import { firstPage, type Page, turned } from './page.js';

const opened: Opened = { _tag: 'Opened', settings: defaultSettings, folder: '/' };
const after = (...events: readonly Event[]): Page =>
  events.reduce((page, event) => turned(page, event)[0], firstPage(opened));

const begun: Event = { _tag: 'Begun', from: 'noise', step: 0, goal: 900 };
const titles = ({ notices }: Page): readonly string[] => notices.map(({ title }) => title);

describe('the page', () => {
  test('begins by starting a worker', () => {
    expect(turned(firstPage(opened), opened)[1]).toEqual([
      { _tag: 'Employ', request: { _tag: 'Start', settings: defaultSettings, folder: '/' } },
    ]);
  });

  test('asks a new worker for the network that somebody wanted', () => {
    const [, effects] = turned(after({ _tag: 'NetworkWanted' }), opened);
    expect(effects.map((effect) => ('request' in effect ? effect.request._tag : ''))).toEqual(['Start', 'LoadNetwork']);
  });

  test('loads nothing but code before somebody asks for it, and then draws at once', () => {
    const requests = (page: Page, event: Event) =>
      turned(page, event)[1].flatMap((effect) => (effect._tag === 'Post' ? [effect.request._tag] : []));
    expect(requests(after(opened), begun)).toEqual([]);
    expect(requests(after(opened, begun), { _tag: 'NetworkWanted' })).toEqual(['LoadNetwork']);
    expect(requests(after(opened, begun, { _tag: 'NetworkWanted' }), { _tag: 'NetworkLoaded', name: null })).toEqual([
      'Paint',
    ]);
    expect(requests(after(opened, begun), { _tag: 'TrainPressed' })).toEqual(['LoadDigits', 'Paint']);
  });

  test.each<Event>([
    { _tag: 'NetworkLoaded', name: null },
    { _tag: 'Failed', doing: 'network', message: 'status 503' },
  ])('keeps the network of a file when a download ends after it: $_tag', (end) => {
    const wanted: Event = { _tag: 'NetworkWanted' };
    const given = after(opened, begun, wanted, { _tag: 'NetworkLoaded', name: 'demo' });
    const [ended, effects] = turned(given, end);
    expect(effects).toEqual([]);
    expect(ended).toBe(given);
    expect(draws(ended.network)).toBe(true);
    expect(turned(ended, wanted)[1]).not.toContainEqual({ _tag: 'Post', request: { _tag: 'LoadNetwork' } });
    // another worker has the network of no file
    const anew = [{ _tag: 'Crashed', message: '' }, opened, begun] as const;
    const other = after(opened, begun, wanted, { _tag: 'NetworkLoaded', name: 'demo' }, ...anew);
    expect(other.network.phase).toBe('loading');
    expect(turned(other, end)[0].network.phase).toBe(end._tag === 'Failed' ? 'absent' : 'loaded');
  });

  test('says that it has one thread, and that its digits are missing until they are loaded', () => {
    const works: Event = { _tag: 'Works', backend: 'wasm', threads: 8, why: 'absent' };
    const { learning, notices } = after(opened, works, { _tag: 'OneThread' });
    expect(notices).toEqual([]);
    expect(backendOf(learning)).toBe('on WebAssembly, 1 thread');
    expect(whyOf(learning)).toContain('It has one thread');
    const missing = after(
      opened,
      begun,
      { _tag: 'TrainPressed' },
      { _tag: 'Failed', doing: 'digits', message: 'status 503' },
    );
    expect(titles(missing)).toEqual(['The digits could not be loaded']);
    expect(titles(turned(missing, { _tag: 'DigitsWanted' })[0])).toEqual([]);
  });

  test.each<[WhyWasm, string]>([
    ['absent', 'no usable GPU'],
    ['software', 'emulates its GPU in software'],
    ['failed', 'could not run the network'],
    ['lost', 'was lost twice'],
  ])('says why it does not use WebGPU (%s), until it does', (why, expected) => {
    const without: Event = { _tag: 'Works', backend: 'wasm', threads: 2, why };
    const { learning, notices } = after(without);
    expect(notices).toEqual([]);
    expect(whyOf(learning)).toContain(expected);
    expect(whyOf(learning)).not.toContain('one thread');
    const gpu = after(without, { _tag: 'Works', backend: 'webgpu', threads: null, why: null }).learning;
    expect([backendOf(gpu), whyOf(gpu)]).toEqual(['on WebGPU', expect.stringContaining('run on your GPU')]);
  });

  test.each<[Failure['doing'], Event['_tag'] | null]>([
    ['start', 'Opened'],
    ['digits', 'DigitsWanted'],
    ['train', 'TrainPressed'],
    ['drawing', 'DrawPressed'],
    ['repair', 'FillPressed'],
    ['keep', 'SavePressed'],
    ['open', null],
  ])(
    'shows a failure (%s) once, in words of the page, with the message of the library and an action if there is one',
    (doing, wayOn) => {
      const failed: Event = { _tag: 'Failed', doing, message: 'of the library' };
      const { notices } = after(begun, failed, failed);
      expect(notices).toMatchObject([{ tone: 'error', details: 'of the library' }]);
      expect(notices[0]?.text).not.toContain('of the library');
      expect(notices[0]?.actions.map(({ event }) => event._tag)).toEqual(wayOn === null ? [] : [wayOn]);
    },
  );

  test('after a lost device it says at which step the training is, and continues on a press', () => {
    const lost = after(begun, { _tag: 'TrainPressed' }, { _tag: 'Lost', step: 132, message: 'gone' });
    expect(lost.notices).toMatchObject([{ about: 'training', tone: 'warning', actions: [] }]);
    const [back] = turned(lost, { _tag: 'Begun', from: 'lost', step: 100, goal: 900 });
    expect(back.notices).toMatchObject([{ about: 'training', actions: [{ event: { _tag: 'TrainPressed' } }] }]);
    expect(back.notices[0]?.text).toContain('update 100');
    expect(titles(turned(back, { _tag: 'TrainPressed' })[0])).toEqual([]);
  });

  test('a worker that stopped is restarted', () => {
    const crashed = after(begun, { _tag: 'Crashed', message: 'out of memory' });
    const action = crashed.notices.at(-1)?.actions[0]?.event;
    expect(action).toBe(opened);
    const [page, effects] = turned(crashed, action!);
    expect(effects).toMatchObject([{ _tag: 'Employ' }]);
    expect(titles(page)).toEqual([]);
  });

  test('a saved training may be replaced by a new one', () => {
    const page = after({ _tag: 'Begun', from: 'kept', step: 300, goal: 900 });
    expect(page.notices).toMatchObject([{ title: 'Welcome back', actions: [{ event: { _tag: 'AnewPressed' } }] }]);
    expect(page.notices[0]?.text).not.toContain('seed');
    const asking: Opened = { ...opened, settings: { ...defaultSettings, seed: 99 } };
    const [seeded] = turned(firstPage(asking), { _tag: 'Begun', from: 'kept', step: 300, goal: 900 });
    expect(seeded.notices[0]?.text).toContain('starts with seed 99');
  });

  test('a restart can be undone, and the replaced training saved, until the notice is closed or another training is opened', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const replaced: readonly Event[] = [
      { _tag: 'AnewPressed' },
      begun,
      { _tag: 'Replaced', step: 300, bytes },
      { _tag: 'TrainPressed' },
      { _tag: 'Kept', step: 20 },
    ];
    const anew = after({ _tag: 'Begun', from: 'kept', step: 300, goal: 900 }, ...replaced);
    expect(titles(anew)).toEqual(['Started over']);
    const [undo, save] = anew.notices[0]!.actions;
    const [undoing, undone] = turned(anew, undo!.event);
    expect(undone).toEqual([{ _tag: 'Post', request: { _tag: 'Open', name: 'digits-300.safetensors', bytes } }]);
    expect(titles(undoing)).toEqual(['Started over']); // until the restored network is ready
    expect(titles(turned(undoing, { _tag: 'Begun', from: 'file', step: 300, goal: 900 })[0])).toEqual([
      'Checkpoint opened',
    ]);
    expect(turned(anew, save!.event)[1]).toEqual([{ _tag: 'Download', name: 'digits-300.safetensors', bytes }]);
  });

  test('says that this browser saves the training of another tab, and how to save this one', () => {
    expect(after(begun, { _tag: 'KeptElsewhere' }).notices).toMatchObject([
      { about: 'keep', tone: 'note', actions: [{ event: { _tag: 'SavePressed' } }] },
    ]);
  });

  test('announces once that the network of the plane is trained, and no film before', () => {
    const film = (updates: number): Event => ({
      ...{ _tag: 'PlaneFilm', of: 'learned', training: 0, milliseconds: 1, steps: 1, levels: [] },
      ...{ updates, frames: new Float32Array() },
    });
    expect(after(begun, film(1900)).said).toBe('');
    expect(after(begun, film(2000)).said).toBe('The network of the plane is trained');
  });

  test('announces the training to screen readers from time to time, not at each step', () => {
    const steps = Array.from({ length: 150 }, (_, step): Event => ({
      _tag: 'Stepped',
      step,
      loss: 0.5,
      milliseconds: 1,
    }));
    const said = steps.reduce<readonly string[]>(
      (heard, _, i) => [...heard, after(begun, ...steps.slice(0, i)).said],
      [],
    );
    expect(new Set(said)).toEqual(new Set(['', 'Update 100 of 900, loss 0.500']));
  });
});
