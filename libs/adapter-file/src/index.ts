export { openFileKeyStore } from './keys/file-key-store.js';
export { SealBroken } from './sealing/aes-gcm.js';
export { openFileSealer, type FileSealer, type FileSealerOptions } from './sealing/file-sealer.js';
export { openExportFiles } from './exports/directory-export-files.js';
