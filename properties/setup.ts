/** Runs before each test file. Modules that it imports run once in each process. */
import './equality.js';
