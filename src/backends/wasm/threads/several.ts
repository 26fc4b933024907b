/**
 * The part of the driver for several threads. In each stage they take items from a common counter until none is left, then
 * wait for each other.
 */
import {
  atomic,
  block,
  type Body,
  br,
  br_if,
  i32,
  increment,
  loop,
  repeat,
  ret,
  set,
  tee,
  when,
} from '../assembler/assembler.js';
import { frame } from './driver.js';

/**
 * The state that threads share: the number of threads that have arrived at the barrier, the number of times it has
 * opened, whether threads must stop, and the number of working threads (which the callers of the driver maintain).
 */
export const SYNC = { arrived: 0, opened: 4, stopped: 8, working: 12 } as const;

/** The number of times that a waiting thread checks before it sleeps, which takes about as long as waking up. */
const SPINS = 2000;

const { stages, count, threads, sync, items, item, runItem, bytes } = frame;
const [opened, spin, chain, link, first] = i32.locals('opened spin chain link first');

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

/** Runs items of one stage, then the barrier. The thread that takes the item of the first stage of a chain runs the chain. */
export const several: Body = [
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
