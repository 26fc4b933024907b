/** Prints the progress: a bar on a terminal, plain lines elsewhere. */
import type { WriteStream } from 'node:tty';
import type { io as IO } from 'fp-ts';
import { bar, line, type Progress } from './progress.js';

export interface Display {
  /** Prints a permanent line. */
  readonly note: (text: string) => IO.IO<void>;
  readonly progress: (progress: Progress) => IO.IO<void>;
}

type Stream = Pick<WriteStream, 'isTTY' | 'columns' | 'write'>;

/** The assumed width of a terminal that does not report one. */
const COLUMNS = 80;

const CLEAR = '\r\u001B[2K';

/** A bar below the notes that is redrawn in place. */
const terminal = (stream: Stream): Display => {
  let shown = '';
  return {
    note: (text) => () => {
      stream.write(`${CLEAR}${text}\n${shown}`);
    },
    progress: (progress) => () => {
      const line = bar(stream.columns > 0 ? stream.columns : COLUMNS)(progress);
      shown = progress.done < progress.of ? line : '';
      stream.write(`${CLEAR}${line}${shown === '' ? '\n' : ''}`);
    },
  };
};

const SECONDS_BETWEEN = 5;

/** A line from time to time, and one for the last step. */
const plain = (stream: Stream): Display => {
  let last = Number.NEGATIVE_INFINITY;
  return {
    note: (text) => () => {
      stream.write(`${text}\n`);
    },
    progress: (progress) => () => {
      const now = performance.now() / 1000;
      if (now - last < SECONDS_BETWEEN && progress.done < progress.of) return;
      last = now;
      stream.write(`${line(progress)}\n`);
    },
  };
};

export const displayOn = (stream: Stream): Display => (stream.isTTY ? terminal : plain)(stream);
