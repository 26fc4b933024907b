import { expect, test } from 'vitest';
import { testPage } from './page.js';

const programs = testPage('docs/shapes.md');

test('ten programs do not compile', () => {
  expect(programs.filter(({ message }) => message !== null)).toHaveLength(10);
});
