import { lstat } from 'node:fs/promises';
import { ArchiveDefect } from './archive.js';
import { openDirectory } from './directory-reader.js';
import { openZip } from './zip-reader.js';
/** Opens a bundle in either form. @throws ArchiveDefect; errors of the file system as they come. */
export const openArchive = async (path) => {
    const status = await lstat(path);
    if (status.isDirectory())
        return openDirectory(path);
    if (status.isFile())
        return openZip(path);
    throw new ArchiveDefect('archive', 'neither a file nor a folder');
};
//# sourceMappingURL=open-archive.js.map