/**
 * The driver: a WebAssembly function that runs the stages of a tape. All threads run it at the same time. In each stage
 * they take items from a common counter until none is left, then wait for each other.
 *
 * A tape consists of 32-bit words:
 * - a stage has four: the number of its items, the address of their list, the counter, and the number of following
 *   stages in its chain: stages of one item each, which one thread runs without waiting;
 * - the list of items holds the address of the first command of each;
 * - a command holds the index of its function in the table, the address of the next command of the item (0: none), and the
 *   arguments.
 */
import {
  atomic,
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
  repeat,
  ret,
  set,
  tee,
  when,
} from '../assembler/assembler.js';
import { WORD_BYTES } from '../numbers.js';

export const STAGE_WORDS = 4;

/** Words of a command before its arguments. */
export const COMMAND_WORDS = 2;

/**
 * The state that threads share: the number of threads that have arrived at the barrier, the number of times it has
 * opened, whether threads must stop, and the number of working threads (which the callers of the driver maintain).
 */
export const SYNC = { arrived: 0, opened: 4, stopped: 8, working: 12 } as const;

/** The number of times that a waiting thread checks before it sleeps, which takes about as long as waking up. */
const SPINS = 2000;

const [stages, count, thread, threads, sync, items, item] = i32.locals('stages count thread threads sync items item');
const [command, opened, spin, chain, link, first] = i32.locals('command opened spin chain link first');

/** Runs item `item` of the list `items`. */
const runItem: Body = [
  set(command, i32.load(i32.add(items, i32.shl(item, 2)))),
  loop('commands', [
    callTable(i32.load(command), [i32.add(command, WORD_BYTES * COMMAND_WORDS), thread]),
    br_if('commands', tee(command, i32.load(command, { offset: 4 }))),
  ]),
];

/** Waits for all threads. The last one to arrive resets the counter of the stage and opens the barrier. */
const barrier: Body = [
  set(opened, atomic.load(sync, SYNC.opened)),
  when(atomic.load(sync, SYNC.stopped), [ret()]),
  when(
    i32.eq(atomic.add(sync, 1, SYNC.arrived), i32.sub(threads, 1)),
    [
      atomic.store(first, 0, 8),
      atomic.store(sync, 0, SYNC.arrived),
      set(spin, atomic.add(sync, 1, SYNC.opened)),
      atomic.notifyAll(sync, SYNC.opened),
    ],
    [
      block('open', [
        repeat(spin, SPINS, [br_if('open', i32.ne(atomic.load(sync, SYNC.opened), opened))]),
        loop('sleep', [
          br_if('open', i32.ne(atomic.load(sync, SYNC.opened), opened)),
          atomic.wait(sync, opened, SYNC.opened),
          br('sleep'),
        ]),
      ]),
      when(atomic.load(sync, SYNC.stopped), [ret()]),
    ],
  ),
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

/**
 * For several threads: items of one stage, then the barrier. The thread that takes the item of the first stage of a
 * chain runs the chain.
 */
const runSome: Body = [
  set(first, stages),
  set(chain, i32.load(first, { offset: 12 })),
  when(i32.ge_u(chain, count), [set(chain, i32.sub(count, 1))]),
  set(items, i32.load(first, { offset: 4 })),
  block('taken', [
    loop('next', [
      br_if('taken', atomic.load(sync, SYNC.stopped)),
      br_if('taken', i32.ge_u(tee(item, atomic.add(first, 1, 8)), i32.load(first))),
      runItem,
      repeat(link, chain, [increment(stages, bytes), set(items, i32.load(stages, { offset: 4 })), runItem]),
      br('next'),
    ]),
  ]),
  set(stages, i32.add(first, i32.mul(i32.add(chain, 1), bytes))),
  increment(count, i32.sub(i32.const(-1), chain)),
  barrier,
];

/** Runs `count` stages from the address `stages` on, as one of `threads` threads. `sync` is the address of their state. */
export const driver: Func = func(
  'run',
  [stages, count, thread, threads, sync],
  [
    block('end', [
      loop('stage', [br_if('end', i32.eq(count, 0)), when(i32.eq(threads, 1), runAll, runSome), br('stage')]),
    ]),
  ],
);
