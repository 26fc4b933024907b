import { describe, expect, test } from 'vitest';
import { defaultSettings } from '../shared/settings.js';
import type { Event } from './event.js';
import { learned, preparing } from './learning.js';
import { absent, chosenDraws, draws, shipped, type Shipped } from './network.js';

const opened: Event = { _tag: 'Opened', settings: defaultSettings, folder: '/' };
const begun: Event = { _tag: 'Begun', from: 'noise', step: 0, goal: 9 };
const wanted: Event = { _tag: 'NetworkWanted' };
const loaded: Event = { _tag: 'NetworkLoaded', name: null };

/** The network and the training after some events, and the events at which the network is requested. */
const turned = (events: readonly Event[]) =>
  events.reduce(
    (before, event, i) => {
      const [learning] = learned(before.learning, event);
      const [network, effects] = shipped(before.network, event, learning);
      return { learning, network, requests: effects.length > 0 ? [...before.requests, i] : before.requests };
    },
    { learning: preparing, network: absent, requests: [] as readonly number[] },
  );
const after = (...events: readonly Event[]): Shipped => turned(events).network;
const requests = (...events: readonly Event[]): readonly number[] => turned(events).requests;

describe('the shipped network', () => {
  test('is loaded once, when somebody asks for it', () => {
    expect(requests(opened, begun)).toEqual([]);
    expect(requests(opened, begun, wanted, wanted, loaded, wanted)).toEqual([2]);
    expect(draws(after(opened, begun, wanted))).toBe(false);
    expect(draws(after(opened, begun, wanted, loaded))).toBe(true);
  });

  test('is loaded by the worker once there is one, and again by the next one', () => {
    expect(requests(wanted, opened, begun, loaded)).toEqual([1]);
    expect(requests(opened, wanted, begun, loaded)).toEqual([1]); // beside the start of the worker
    expect(draws(after(opened, wanted, loaded))).toBe(false);
    expect(draws(after(opened, wanted, loaded, begun))).toBe(true);
    const crashed: Event = { _tag: 'Crashed', message: '' };
    expect(requests(opened, begun, wanted, loaded, crashed, opened, begun)).toEqual([2, 5]);
    expect(requests(opened, begun, crashed, opened, begun)).toEqual([]);
  });

  test('stays in a worker that lost its device', () => {
    const lost: Event = { _tag: 'Lost', step: 1, message: '' };
    expect(draws(after(opened, begun, wanted, loaded, lost))).toBe(false);
    expect(draws(after(opened, begun, wanted, loaded, lost, begun))).toBe(true);
    expect(requests(opened, begun, wanted, loaded, lost, begun)).toEqual([2]);
  });

  test('draws in the last figure, until there is one of one’s own or somebody chooses', () => {
    expect(after(opened, begun).chosen).toBe('shipped');
    expect(after(opened, begun, { _tag: 'TrainPressed' }).chosen).toBe('own');
    expect(after(opened, { ...begun, from: 'kept', step: 300 }).chosen).toBe('own');
    const chosen: Event = { _tag: 'NetworkChosen', network: 'shipped' };
    expect(after(opened, begun, { _tag: 'TrainPressed' }, chosen).chosen).toBe('shipped');
    expect(chosenDraws(after(opened, begun))).toBe(false);
    expect(chosenDraws(after(opened, begun, { _tag: 'TrainPressed' }))).toBe(true);
    expect(chosenDraws(after(opened, begun, wanted, loaded))).toBe(true);
  });

  test('goes on to draw while one’s own is in training, until that is complete or somebody chooses', () => {
    const trains: readonly Event[] = [opened, begun, wanted, { _tag: 'TrainPressed' }, { _tag: 'DigitsLoaded' }];
    const steps = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i): Event => ({
        _tag: 'Stepped',
        step: from + i,
        loss: 1,
        milliseconds: 1,
      }));
    expect(after(...trains, loaded, ...steps(0, 8))).toMatchObject({ chosen: 'shipped', awaitsOwn: true });
    expect(after(...trains, loaded, ...steps(0, 9))).toMatchObject({ chosen: 'own', awaitsOwn: false });
    const choose = (network: Shipped['chosen']): Event => ({ _tag: 'NetworkChosen', network });
    expect(after(...trains, loaded, choose('own')).chosen).toBe('own');
    const chosen = after(...trains, loaded, choose('own'), choose('shipped'), ...steps(0, 9));
    expect(chosen).toMatchObject({ chosen: 'shipped', awaitsOwn: false });
    // the choice of the network that draws now is a choice too
    expect(after(...trains, loaded, choose('shipped'), ...steps(0, 9)).chosen).toBe('shipped');
    // nothing to go on with
    const failed: Event = { _tag: 'Failed', doing: 'network', message: '' };
    expect(after(...trains, failed)).toMatchObject({ chosen: 'own', awaitsOwn: false });
    // a lost device changes nothing, and another training begins with nothing to wait for
    const lost: Event = { _tag: 'Lost', step: 5, message: '' };
    const again: Event = { ...begun, from: 'lost', step: 5 };
    expect(after(...trains, loaded, ...steps(0, 5), lost, again)).toMatchObject({ chosen: 'shipped', awaitsOwn: true });
    expect(after(...trains, loaded, ...steps(0, 5), begun)).toMatchObject({ chosen: 'shipped', awaitsOwn: false });
  });

  test('may be that of a file, which then draws in the last figure, without a download', () => {
    const dropped = [opened, begun, { _tag: 'TrainPressed' }, { _tag: 'NetworkLoaded', name: 'a' }] as const;
    expect(after(...dropped).chosen).toBe('shipped');
    expect(draws(after(...dropped))).toBe(true);
    expect(requests(...dropped, wanted)).toEqual([]);
    expect(after(opened, begun, { _tag: 'TrainPressed' }, loaded).chosen).toBe('own'); // the shipped one
  });

  test('can be asked for again after a failure', () => {
    const failed: Event = { _tag: 'Failed', doing: 'network', message: '' };
    expect(requests(opened, begun, wanted, failed, wanted)).toEqual([2, 4]);
  });
});
