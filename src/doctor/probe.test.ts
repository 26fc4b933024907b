import { expect, test } from 'vitest';
import { probe, type ProbeMessage } from './probe.js';

const TILES =
  /^SIMD WebAssembly, all cores, (wide tiles|narrow tiles) \((wide : narrow = \d\.\d\d|no time to compare them)\)$/;

test('yields that a backend works and on which device, then its speeds', async () => {
  const messages: ProbeMessage[] = [];
  for await (const one of probe('wasm')) messages.push(one);
  const finding = { backend: 'wasm', works: true, trusted: true, note: expect.stringMatching(TILES) };
  expect(messages[0]).toEqual({ finding: { ...finding, speeds: null }, isLast: false });
  expect(messages).toMatchObject([{}, { finding, isLast: true }]);
  for (const speed of Object.values(messages[1]!.finding.speeds!)) {
    expect(speed).toBeGreaterThan(0);
    expect(speed).toBeLessThan(1e5); // faster than any machine, in units of 10⁹ per second
  }
});
