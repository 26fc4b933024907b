/**
 * The driver: a WebAssembly function that runs the stages of a tape. All threads run it at the same time (see
 * `threads/several.ts`).
 *
 * A tape consists of 32-bit words:
 * - a stage has four: the number of its items, the address of their list, the counter, and the number of following
 *   stages in its chain: stages of one item each, which one thread runs without waiting;
 * - the list of items holds the address of the first command of each;
 * - a command holds the index of its function in the table, the address of the next command of the item (0: none), and the
 *   arguments.
 */
import {
  block,
  type Body,
  br,
  br_if,
  callTable,
  func,
  type Func,
  i32,
  increment,
  loop,
  set,
  tee,
  when,
} from '../assembler/assembler.js';
import { WORD_BYTES } from '../assembler/numbers.js';

export const STAGE_WORDS = 4;

/** Words of a command before its arguments. */
export const COMMAND_WORDS = 2;

const parameters = i32.locals('stages count thread threads sync');
const [stages, count, thread, threads, sync] = parameters;
const [items, item, command] = i32.locals('items item command');

/** Runs item `item` of the list `items`. */
const runItem: Body = [
  set(command, i32.load(i32.add(items, i32.shl(item, 2)))),
  loop('commands', [
    callTable(i32.load(command), [i32.add(command, WORD_BYTES * COMMAND_WORDS), thread]),
    br_if('commands', tee(command, i32.load(command, { offset: 4 }))),
  ]),
];

const bytes = WORD_BYTES * STAGE_WORDS;

/** For a single thread: all items of one stage. */
const runAll: Body = [
  set(items, i32.load(stages, { offset: 4 })),
  set(item, i32.const(0)),
  loop('next', [runItem, increment(item, 1), br_if('next', i32.lt_u(item, i32.load(stages)))]),
  increment(stages, bytes),
  increment(count, -1),
];

/** The parameters, locals and code that the driver for several threads uses too. */
export const frame = { stages, count, threads, sync, items, item, runItem, bytes } as const;

/**
 * Runs `count` stages from the address `stages` on, as one of `threads` threads. `sync` is the address of their state, and
 * `several` the code of a stage for more than one; null for a driver that runs on one.
 */
export const driverOf = (several: Body | null): Func =>
  func('run', parameters, [
    block('end', [
      loop('stage', [
        br_if('end', i32.eq(count, 0)),
        several === null ? runAll : when(i32.eq(threads, 1), runAll, several),
        br('stage'),
      ]),
    ]),
  ]);
