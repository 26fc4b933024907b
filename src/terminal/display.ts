/** Shows lines: redrawn in place on a terminal, one below another elsewhere. */
import { createLogUpdate } from 'log-update';
import { bar, line, type Pace } from './pace.js';

/** The stream that text is written to, such as `process.stderr`. */
export interface Output {
  readonly write: (text: string, callback?: (error?: Error | null) => void) => unknown;
  readonly once?: (event: 'error', listener: () => void) => unknown;
  readonly listenerCount?: (event: 'error') => number;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly bytesWritten?: number;
}

export type Display = (name: string, pace: Pace) => void;

/** Writes text; ignores errors, such as EPIPE after the reader has closed. */
export const quietly =
  (output: Output) =>
  (text: string): void => {
    try {
      output.write(text, (error) => {
        // an error event follows the callback; without a listener it would end the process
        if (error && output.listenerCount?.('error') === 0) output.once?.('error', () => undefined);
      });
    } catch {
      // a failing display must not end a run
    }
  };

/** The assumed width of a terminal that does not report one. */
const COLUMNS = 80;
const ROWS = 24;
const SECONDS_BETWEEN = 1 / 15;
/** The seconds between two frames if other code prints to the terminal, so that each frame is a new line. */
const SECONDS_BETWEEN_LINES = 1;

/** One line that is redrawn in place. The cursor stays visible: there is nothing to restore after an error or a signal. */
const inPlace = (output: Output): Display => {
  const terminals = [...new Set<Output>([output, process.stdout, process.stderr])].filter(({ isTTY }) => isTTY);
  const bytes = (): number => terminals.reduce((sum, { bytesWritten = 0 }) => sum + bytesWritten, 0);
  const columns = (): number => output.columns || COLUMNS; // some terminals report 0
  const update = createLogUpdate(
    {
      write: quietly(output),
      isTTY: true,
      get columns() {
        return columns();
      },
      rows: ROWS,
    } as unknown as NodeJS.WritableStream, // the function uses only this member
    { showCursor: true },
  );
  let shown: { readonly pace: Pace; readonly bytes: number } | undefined; // mutable: the last frame
  return (name, pace) => {
    const isAlone = shown?.bytes === bytes();
    const isSame = shown?.pace.began === pace.began;
    const seconds = isAlone ? SECONDS_BETWEEN : SECONDS_BETWEEN_LINES;
    if (shown !== undefined && isSame && pace.done < pace.of && pace.at - shown.pace.at < seconds) return;
    if (!isAlone || !isSame) update.done(); // keeps the last frame, and all later output of other code
    update(bar(name, pace, columns()));
    shown = { pace, bytes: bytes() };
  };
};

/** A line for the first step, for each tenth of the steps, and for the last. */
const below = (output: Output): Display => {
  const write = quietly(output);
  let shown = { done: 0, tenth: -1, text: '' }; // mutable: the last step, and the last line
  return (name, pace) => {
    const { done, of } = pace;
    const last = done < shown.done ? -1 : shown.tenth;
    const tenth = Math.floor((10 * done) / of);
    const isDue = tenth > last || done >= of;
    const text = isDue ? line(name, pace) : shown.text;
    if (text !== shown.text) write(`${text}\n`);
    shown = { done, tenth: Math.max(tenth, last), text };
  };
};

const isTerminal = ({ isTTY }: Output): boolean => {
  const { CI = '', TERM } = process.env;
  return isTTY === true && TERM !== 'dumb' && ['', '0', 'false'].includes(CI);
};

/** A bar on a terminal, lines elsewhere and in CI. */
export const displayOn = (output: Output): Display => (isTerminal(output) ? inPlace : below)(output);
