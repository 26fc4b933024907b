import { expect, test } from 'vitest';
import { probe } from './probe.js';

test('a backend that works has speeds, and says what it runs on', async () => {
  const finding = await probe('cpu');
  expect(finding).toMatchObject({ backend: 'cpu', works: true, trusted: true, note: 'JavaScript, one core' });
  for (const speed of Object.values(finding.speeds!)) {
    expect(speed).toBeGreaterThan(0);
    expect(speed).toBeLessThan(1e5); // no machine has so many billions a second
  }
});
