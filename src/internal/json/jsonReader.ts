/**
 * A strict reader of JSON (RFC 8259) in UTF-8, for untrusted input. The caller requests one value after another with
 * its expected type; the first value of another type ends the reading. The reader builds no tree and does not recurse:
 * it uses no more memory than the strings that it returns.
 */
import { type Mismatch, show } from '../decode.js';

export interface JsonReader {
  /** Reads an object. Calls `visit` with each name, in order; `visit` must read the value. Names may be repeated. */
  readonly object: (expected: string, visit: (name: string) => void) => void;
  /** Reads an array. Calls `visit` with each index; `visit` must read the value. */
  readonly array: (expected: string, visit: (index: number) => void) => void;
  readonly string: (expected: string) => string;
  /** Reads an integer from 0 to 2^53 - 1, written in digits only. */
  readonly natural: () => number;
  /** Skips a value of any type. It must be valid JSON. */
  readonly skip: () => void;
  /** Checks that only white space is left. */
  readonly end: () => void;
  /** Refuses the value that was just read, or the next value, as a mismatch. */
  readonly refuse: (expected: string, actual: string) => never;
}

const [TAB, LINE, RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [0x5b, 0x5d, 0x7b, 0x7d];
const [ZERO, NINE] = [0x30, 0x39];

/** Maximum length of a quoted piece of input in a message, in characters. */
const MAX_QUOTED = 60;

const isSpace = (byte: number | undefined): boolean =>
  byte === SPACE || byte === LINE || byte === RETURN || byte === TAB;

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE;

/** True if a byte can be part of a number or of a word such as `true`. */
const isTokenByte = (byte: number | undefined): boolean =>
  byte !== undefined && /[-+.\w]/.test(String.fromCharCode(byte));

const shortened = (text: string): string => (text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);

/**
 * Makes a reader of bytes. `refuse` must throw. It is called with the first value that does not have the expected type,
 * or, with an empty `path`, with the first byte that is invalid JSON.
 */
export const jsonReader = (bytes: Uint8Array, refuse: (mismatch: Mismatch) => never): JsonReader => {
  // a byte order mark at the start of a name is part of the name
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const path: (string | number)[] = [];
  let at = 0;

  const refuseValue = (expected: string, actual: string): never =>
    refuse({ path: path.map((step) => shortened(`${step}`)).join('.'), expected, actual });

  const refuseByte = (expected: string): never => {
    const byte = bytes[at];
    const isPlain = byte !== undefined && byte > SPACE && byte < 0x7f;
    const code = `byte 0x${byte?.toString(16).padStart(2, '0')}`;
    const actual = byte === undefined ? 'the end' : isPlain ? JSON.stringify(String.fromCharCode(byte)) : code;
    return refuse({ path: '', expected: `${expected} at byte ${at}`, actual });
  };

  const skipSpace = (): void => {
    while (isSpace(bytes[at])) at++;
  };

  const demand = (byte: number): void => {
    skipSpace();
    if (bytes[at] !== byte) refuseByte(JSON.stringify(String.fromCharCode(byte)));
    at++;
  };

  const text = (from: number, to: number): string => {
    try {
      return decoder.decode(bytes.subarray(from, to));
    } catch {
      return refuse({ path: '', expected: `UTF-8 from byte ${from}`, actual: 'invalid bytes' });
    }
  };

  /** Reads a string; the next byte is its opening quote. */
  const quoted = (): string => {
    const from = at++;
    let isEscaped = false;
    for (; bytes[at] !== QUOTE; at++) {
      const byte = bytes[at];
      if (byte === undefined || byte < SPACE) refuseByte('a character of a string');
      if (byte !== BACKSLASH) continue;
      isEscaped = true;
      at++;
    }
    at++;
    if (!isEscaped) return text(from + 1, at - 1);
    const whole = text(from, at);
    try {
      return JSON.parse(whole) as string; // text with quotes around it
    } catch {
      return refuse({ path: '', expected: `a string from byte ${from}`, actual: shortened(whole) });
    }
  };

  /** Refuses the next value, with a description of it. */
  const refuseNext = (expected: string): never => {
    const byte = bytes[at];
    if (byte === OPEN) return refuseValue(expected, 'an object');
    if (byte === OPEN_LIST) return refuseValue(expected, 'an array');
    if (byte === QUOTE) return refuseValue(expected, show(quoted()));
    let end = at;
    while (end < at + 2 * MAX_QUOTED && isTokenByte(bytes[end])) end++;
    return end === at ? refuseByte('a value') : refuseValue(expected, shortened(text(at, end)));
  };

  /** Reads the comma-separated members between two brackets. */
  const members = (close: number, visit: (index: number) => void): void => {
    at++;
    skipSpace();
    if (bytes[at] === close) {
      at++;
      return;
    }
    for (let index = 0; ; index++) {
      visit(index);
      skipSpace();
      if (bytes[at] === close) {
        at++;
        return;
      }
      if (bytes[at] !== COMMA) refuseByte(`"," or "${String.fromCharCode(close)}"`);
      at++;
    }
  };

  return {
    object: (expected, visit) => {
      skipSpace();
      if (bytes[at] !== OPEN) refuseNext(expected);
      members(CLOSE, () => {
        skipSpace();
        if (bytes[at] !== QUOTE) refuseByte('a name in quotes');
        const name = quoted();
        demand(COLON);
        path.push(name);
        visit(name);
        path.pop();
      });
    },
    array: (expected, visit) => {
      skipSpace();
      if (bytes[at] !== OPEN_LIST) refuseNext(expected);
      members(CLOSE_LIST, (index) => {
        path.push(index);
        visit(index);
        path.pop();
      });
    },
    string: (expected) => {
      skipSpace();
      return bytes[at] === QUOTE ? quoted() : refuseNext(expected);
    },
    natural: () => {
      skipSpace();
      let value = 0;
      let end = at;
      for (; isDigit(bytes[end]) && Number.isSafeInteger(value); end++) value = 10 * value + (bytes[end]! - ZERO);
      const isLedByZero = bytes[at] === ZERO && end > at + 1;
      const isWhole = isSpace(bytes[end]) || bytes[end] === COMMA || bytes[end] === CLOSE_LIST;
      if (end === at || isLedByZero || !Number.isSafeInteger(value) || (!isWhole && isTokenByte(bytes[end])))
        return refuseNext('an integer ≥ 0');
      at = end;
      return value;
    },
    skip: () => {
      let depth = 0;
      do {
        skipSpace();
        const byte = bytes[at];
        if (byte === undefined) refuseByte('a value');
        if (byte === QUOTE) quoted();
        else if (isTokenByte(byte)) while (isTokenByte(bytes[at])) at++;
        else {
          if (byte === OPEN || byte === OPEN_LIST) depth++;
          if (byte === CLOSE || byte === CLOSE_LIST) depth--;
          at++;
        }
      } while (depth > 0);
    },
    end: () => {
      skipSpace();
      if (at < bytes.length) refuseByte('the end');
    },
    refuse: refuseValue,
  };
};
