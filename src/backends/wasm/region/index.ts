export { type Target, type KnownCode, noCode, type RegionEntry, type RegionModule, regionModule } from './module.js';
