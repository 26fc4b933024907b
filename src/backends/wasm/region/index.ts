export { type Target, type KnownCode, type RegionEntry, type RegionModule, regionModule } from './module.js';
