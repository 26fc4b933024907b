import { expect, test } from 'vitest';
import { probe, type Told } from './probe.js';

test('a backend that works says so and on what, then has speeds', async () => {
  const told: Told[] = [];
  for await (const one of probe('cpu')) told.push(one);
  const finding = { backend: 'cpu', works: true, trusted: true, note: 'JavaScript, one core' };
  expect(told[0]).toEqual({ finding: { ...finding, speeds: null }, isLast: false });
  expect(told).toMatchObject([{}, { finding, isLast: true }]);
  for (const speed of Object.values(told[1]!.finding.speeds!)) {
    expect(speed).toBeGreaterThan(0);
    expect(speed).toBeLessThan(1e5); // no machine has so many billions a second
  }
});
