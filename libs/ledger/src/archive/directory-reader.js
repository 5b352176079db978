import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchiveDefect, refuseDuplicates, refuseTrickyName } from './archive.js';
const DEPTH_MAX = 4;
const MEMBERS_MAX = 1_000_000;
/**
 * Opens the directory form of a bundle: regular files in folders, no links, devices or empty folders.
 * @throws ArchiveDefect for anything else in it; errors of the file system as they come.
 */
export const openDirectory = async (path) => {
    const members = [];
    await gather(path, '', members);
    refuseDuplicates(members.map(({ name }) => name));
    const names = new Set(members.map(({ name }) => name));
    return {
        form: 'directory',
        members,
        read: (name) => {
            if (!names.has(name))
                throw new ArchiveDefect(name, 'no such member');
            return createReadStream(join(path, name), { highWaterMark: 256 * 1024 });
        },
        close: () => Promise.resolve(),
    };
};
const gather = async (root, folder, members) => {
    const found = (await readdir(join(root, folder))).sort();
    if (found.length === 0 && folder !== '')
        throw new ArchiveDefect(folder, 'an empty folder');
    for (const base of found) {
        const name = folder === '' ? base : `${folder}/${base}`;
        refuseTrickyName(name);
        const status = await lstat(join(root, name));
        if (status.isDirectory()) {
            if (name.split('/').length >= DEPTH_MAX)
                throw new ArchiveDefect(name, 'a folder this deep belongs to no bundle');
            await gather(root, name, members);
        }
        else if (status.isFile()) {
            members.push({ name, bytes: status.size });
        }
        else {
            throw new ArchiveDefect(name, 'neither a file nor a folder');
        }
        if (members.length > MEMBERS_MAX)
            throw new ArchiveDefect(name, 'too many files');
    }
};
//# sourceMappingURL=directory-reader.js.map