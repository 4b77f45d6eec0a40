// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the Flamenco Manager offers to a job type, as far as ours uses it: `author` and `frameChunker`.
// Like there, a task is copied when it is added to the job, so that later changes of it are lost.

const author = {
    Task(name, type) {
        if (typeof name !== "string" || !name.trim()) throw "author.Task(name, type): name is required";
        if (typeof type !== "string" || !type.trim()) throw "author.Task(name, type): type is required";
        const task = { name: name.trim(), type: type.trim(), commands: [], dependencies: [] };
        task.addCommand = (command) => { task.commands.push(command); };
        task.addDependency = (other) => { task.dependencies.push(other.name); };
        return task;
    },
    Command(name, parameters) {
        return { name: name, parameters: parameters };
    },
};

function frameChunker(range, size) {
    if (!range.trim()) throw "invalid range: empty range";
    if (!(size >= 1)) throw "invalid chunk size, must be positive number: " + size;
    const frames = new Set();
    for (const part of range.replace(/\.\./g, "-").split(",")) {
        const ends = part.split("-").map((text) => text.trim());
        if (ends.length > 2 || !ends.every((text) => /^\d+$/.test(text))) throw "invalid range: " + part;
        for (let frame = Number(ends[0]); frame <= Number(ends[ends.length - 1]); frame++) frames.add(frame);
    }
    const sorted = [...frames].sort((one, other) => one - other);
    const chunks = [];
    for (let start = 0; start < sorted.length; start += size) chunks.push(merged(sorted.slice(start, start + size)));
    return chunks;
}

function merged(frames) {
    const ranges = [];
    for (const frame of frames) {
        const last = ranges[ranges.length - 1];
        if (last && frame === last[1] + 1) last[1] = frame;
        else ranges.push([frame, frame]);
    }
    return ranges.map(([first, last]) =>
        first === last ? `${first}` : first + 1 === last ? `${first},${last}` : `${first}-${last}`).join(",");
}

function compiled(settings) {
    const tasks = [];
    const copy = (task) => JSON.parse(JSON.stringify(task));
    compileJob({ settings: settings, addTask: (task) => { tasks.push(copy(task)); } });
    return JSON.stringify(tasks);
}
