/** Errors of device failures and of closing a backend during a run are returned as values. */
import { describe, expect, test } from 'vitest';
import { valueOf } from '../../../properties/oracles/plans.js';
import { skippedFor } from '../../../properties/skips.js';
import { noWebgpu } from '../../../properties/webgpu.js';
import { add, compile, constantOf, program, read, upload } from '../../dsl/index.js';
import { acquireDevice } from './device/adapter.js';
import { backendOn } from './backend.js';
import { USAGE } from './device/gpuSpace.js';

const numbers = Float32Array.of(1, 2, 3, 4);
const shifted = program({ x: '4' }, ({ x }) => add(x, constantOf([1, 0, 0, 1], 4)));

/** Replaces one member of an object. Its methods keep the original as `this`. */
const withMember = <A extends object>(object: A, member: keyof A, given: (actual: unknown) => unknown): A =>
  new Proxy(object, {
    get: (target, name) => {
      const actual: unknown = Reflect.get(target, name);
      const bound: unknown = typeof actual === 'function' ? actual.bind(target) : actual;
      return name === member ? given(bound) : bound;
    },
  });

describe('webgpu', skippedFor(noWebgpu), () => {
  test('runs in progress during close end with results, or with an error of a closed backend', async () => {
    const backend = await backendOn(valueOf(await acquireDevice({})()));
    const executable = valueOf(await compile(shifted, {})(backend)());
    const x = valueOf(await upload(numbers, [4])(backend)());
    const runs = [1, 2, 3].map(() => executable.run({ x })());
    valueOf(await backend.close());
    for (const run of runs) {
      const outcome = await run;
      if (outcome._tag === 'Left') expect(outcome.left).toMatchObject({ actual: 'a closed one' });
    }
    expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
  });

  test('a failed write is returned as an error and frees its memory', async () => {
    let accepts = true;
    const refuse = (): never => {
      throw new Error('out of range');
    };
    const acquired = valueOf(await acquireDevice({})());
    const queue = withMember(acquired.device.queue, 'writeBuffer', (write) => (accepts ? write : refuse));
    const backend = await backendOn({ ...acquired, device: withMember(acquired.device, 'queue', () => queue) });
    accepts = false;
    const refused = { left: { _tag: 'BackendFailure', actual: expect.stringContaining('out of range') } };
    expect(await upload(numbers, [4])(backend)()).toMatchObject(refused);
    expect(await compile(shifted, {})(backend)()).toMatchObject(refused);
    expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    accepts = true;
    const executable = valueOf(await compile(shifted, {})(backend)());
    const y = valueOf(await executable.run({ x: valueOf(await upload(numbers, [4])(backend)()) })());
    expect(valueOf(await read(y)(backend)())).toEqual(Float32Array.of(2, 2, 3, 5));
    valueOf(await backend.close());
  });

  test.each(['submit', 'mapAsync'] as const)(
    'a read or profile whose %s fails destroys its buffers',
    async (member) => {
      const acquired = valueOf(await acquireDevice({})());
      const live = new Set<object>();
      let accepts = true;
      const fail = (): never => {
        throw new Error('refused');
      };
      /** Tracks the buffers of reads and profiles, and query sets. */
      const tracked =
        (create: unknown) =>
        (descriptor: GPUBufferDescriptor & GPUQuerySetDescriptor): GPUBuffer => {
          const made = (create as (of: typeof descriptor) => GPUBuffer)(descriptor);
          if ('usage' in descriptor && (descriptor.usage & (USAGE.mapRead | USAGE.queryResolve)) === 0) return made;
          const [destroy, mapAsync] = [made.destroy.bind(made), 'mapAsync' in made ? made.mapAsync.bind(made) : fail];
          live.add(made);
          return Object.assign(made, {
            destroy: () => void (live.delete(made), destroy()),
            mapAsync: async (mode: number) => (accepts || member !== 'mapAsync' ? mapAsync(mode) : fail()),
          });
        };
      const queue = withMember(acquired.device.queue, 'submit', (submit) =>
        accepts || member !== 'submit' ? submit : fail,
      );
      const withQueue = withMember(acquired.device, 'queue', () => queue);
      const device = withMember(withMember(withQueue, 'createBuffer', tracked), 'createQuerySet', tracked);
      const backend = await backendOn({ ...acquired, device });
      const x = valueOf(await upload(numbers, [4])(backend)());
      const executable = valueOf(await compile(shifted, {})(backend)());
      const refused = { left: { _tag: 'BackendFailure', actual: expect.stringContaining('refused') } };
      accepts = false;
      expect(await read(x)(backend)()).toMatchObject(refused);
      expect(live.size).toBe(0);
      if (member === 'submit' || device.features.has('timestamp-query'))
        expect(await executable.profile({ x })()).toMatchObject(refused);
      expect(live.size).toBe(0);
      accepts = true;
      expect(valueOf(await read(x)(backend)())).toEqual(numbers);
      const { outputs } = valueOf(await executable.profile({ x })());
      expect(live.size).toBe(1); // kept for the next read
      expect(valueOf(await read(outputs)(backend)())).toEqual(Float32Array.of(2, 2, 3, 5));
      valueOf(await backend.close());
    },
  );
});
