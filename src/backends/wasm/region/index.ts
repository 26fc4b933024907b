export { instantiateRegions, regionModule } from './module.js';
