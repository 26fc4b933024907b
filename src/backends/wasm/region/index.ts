export { type RegionEntry, type RegionModule, regionModule } from './module.js';
