export { type Target, type RegionEntry, type RegionModule, regionModule } from './module.js';
