import { expect, test } from 'vitest';
import { displayOn } from './display.js';

const shown = (stream: { readonly isTTY: boolean; readonly columns: number }): string => {
  let text = '';
  const write = (more: string | Uint8Array): boolean => {
    text += String(more);
    return true;
  };
  const { note, progress } = displayOn({ ...stream, write });
  progress({ phase: 'training', done: 1, of: 4, secondsLeft: 3, loss: 0.25 })();
  note('a note')();
  progress({ phase: 'training', done: 4, of: 4, secondsLeft: 0, loss: 0.125 })();
  return text;
};

/** The visible screen: the text of each line since it was last cleared. */
const screen = (text: string): readonly string[] => text.split('\n').map((line) => line.split('\u001B[2K').at(-1)!);

test('a terminal shows a bar below the notes; one that reports no width is assumed to have 80 columns', () => {
  for (const columns of [80, 0]) {
    const lines = screen(shown({ isTTY: true, columns }));
    expect(lines[0]).toBe('a note');
    expect(lines[1]).toMatch(/^training ▕█{10,}▏ 4\/4 {2}loss 0\.1250 {2}0:00 left$/);
  }
});

test('elsewhere there are plain lines', () => {
  expect(shown({ isTTY: false, columns: 0 })).toBe(
    'training  1/4  loss 0.2500  0:03 left\na note\ntraining  4/4  loss 0.1250  0:00 left\n',
  );
});
