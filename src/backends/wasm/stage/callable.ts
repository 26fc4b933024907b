/** Functions that commands can call. */
import { type Body, func, type Func, i32, type Local, set } from '../assembler/assembler.js';
import { WORD_BYTES } from '../assembler/numbers.js';

const args = i32.local('args');

/** The number of the thread that runs the function, from 0 on. */
export const thread = i32.local('thread');

/** Makes a function that reads its parameters, 32-bit integers one after another, from memory. */
export const callable = (name: string, params: readonly Local<'i32'>[], body: Body): Func =>
  func(name, [args, thread], [params.map((param, i) => set(param, i32.load(args, { offset: WORD_BYTES * i }))), body]);
