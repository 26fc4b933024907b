export { auto, type AutoOptions, type BackendName, type Tried } from './auto.js';
