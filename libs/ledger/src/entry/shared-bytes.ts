const SLAB_BYTES = 128 * 1024;

let slab = Buffer.alloc(0);

/**
 * Room for the bytes of one entry, not yet written. Entries of one moment share an allocation, since one of its own costs
 * the engine more than filling it; they are kept and dropped together anyhow.
 *
 * @param size bytes; what would take more than a quarter of an allocation gets one of its own.
 */
export const sharedBytes = (size: number): Buffer => {
  if (size > SLAB_BYTES / 4) return Buffer.allocUnsafeSlow(size);
  if (size > slab.length) slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  const taken = slab.subarray(0, size);
  slab = slab.subarray(size);
  return taken;
};
