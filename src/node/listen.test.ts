import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { listen } from './listen.js';
import { stopOnSignals } from './stopOnSignals.js';

test('any number of runs listens without a warning of a leak, and leaves nothing', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
  const before = [process.getMaxListeners(), process.stdout.getMaxListeners(), process.listenerCount('SIGINT')];
  const stops = Array.from({ length: 20 }, () => stopOnSignals());
  for (const stop of stops) stop.release();
  await new Promise((resolve) => setTimeout(resolve)); // the streams are released in a later task
  expect(warned).not.toHaveBeenCalled();
  expect([process.getMaxListeners(), process.stdout.getMaxListeners(), process.listenerCount('SIGINT')]).toEqual(
    before,
  );
  warned.mockRestore();
});

test('a listener is removed once, and an emitter without a limit stays so', () => {
  const emitter = new EventEmitter().setMaxListeners(0);
  const stop = listen(emitter, 'x', () => {});
  expect(emitter.listenerCount('x')).toBe(1);
  stop();
  stop();
  expect([emitter.listenerCount('x'), emitter.getMaxListeners()]).toEqual([0, 0]);
});
