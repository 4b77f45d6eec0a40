// SPDX-License-Identifier: GPL-3.0-or-later
//
// A job type for Flamenco 3.3 or newer: generate every line of a batch file with Mint, then import,
// render and write the results on all workers, and close with the contact sheet.
//
// Put this file into the folder "scripts" beside the Flamenco Manager, restart the Manager, and
// press "Refresh from Manager" in Blender. docs/farm.md says what the workers need.

const JOB_TYPE = {
    label: "Mint Batch",
    settings: [
        { key: "batch_file", type: "string", subtype: "file_path", required: true,
          description: "The .jsonl, .csv or .txt file with one generation per line, where all workers can read it" },
        { key: "output_folder", type: "string", subtype: "dir_path", required: true,
          description: "The folder for the results, shared by all workers" },
        { key: "lines", type: "string", required: true,
          // A Python expression, which the Flamenco add-on evaluates in Blender. Empty rows at the end do not count.
          eval: "'1-%d' % (Path(abspath(settings.batch_file)).read_text(encoding='utf-8-sig').rstrip(' ,\\r\\n\\t').count('\\n') + 1)"
              + " if settings.batch_file and Path(abspath(settings.batch_file)).is_file() else ''",
          evalInfo: { showLinkButton: true, description: "All lines of the batch file" },
          description: "Which lines to import, render and write, such as 1-10,14. All lines are generated in any case" },
        { key: "chunk_size", type: "int32", default: 10, propargs: { min: 1, max: 10000 }, visible: "submission",
          description: "How many lines one task imports, renders and writes" },
        { key: "render", type: "bool", default: false,
          description: "Render a picture of each result instead of using Mint's" },
        { key: "render_size", type: "string", default: "",
          description: "Width and height of these pictures, such as 1280x720. Empty for 640x480" },
        { key: "render_samples", type: "int32", default: 0, propargs: { min: 0, max: 65536 },
          description: "How many samples a pixel gets. 0 for few" },
        { key: "render_engine", type: "string", choices: ["cycles", "eevee"], default: "cycles",
          description: "What renders. eevee needs workers with a graphics card" },
        { key: "rewrite", type: "bool", default: false,
          description: "Import, render and write finished lines again, as the batch file now says. Nothing is generated" },

        // What may cost Credits:
        { key: "max_credits", type: "string", default: "",
          description: "The most Credits that all lines together may cost. Empty for no limit" },
        { key: "jobs", type: "int32", default: 4, propargs: { min: 1, max: 100 }, label: "Generations at Once",
          description: "How many generations run at once. Mint allows 10 of each kind" },
        { key: "retry_failed", type: "bool", default: false,
          description: "Generate failed lines again. This costs Credits again" },

        { key: "command", type: "string", required: true, default: "python3 -m mint_blender", visible: "submission",
          description: "How the workers start Mint for Blender. Put a path that contains spaces in double quotes" },
    ],
};

function compileJob(job) {
    const settings = job.settings;
    const generateTask = authorGenerateTask(settings);
    const writeTasks = authorWriteTasks(settings, generateTask);
    const sheetTask = authorSheetTask(settings, writeTasks);
    for (const task of [generateTask, ...writeTasks, sheetTask]) {
        job.addTask(task);
    }
}

// The only task that spends Credits, and the only one that needs the API key.
function authorGenerateTask(settings) {
    const options = ["--jobs", String(settings.jobs)];
    const limit = String(settings.max_credits).trim();
    if (limit) {
        // Anything else than a number must not become "no limit".
        if (!/^\d+(\.\d+)?$/.test(limit)) {
            throw `Max Credits must be a number or empty, not "${limit}".`;
        }
        options.push("--max-credits", limit);
    }
    if (settings.retry_failed) {
        options.push("--retry-failed");
    }
    return authorTask(settings, "generate", "misc", "generate", options);
}

function authorWriteTasks(settings, generateTask) {
    const lines = settings.lines.trim();
    if (!lines) {
        throw "Lines is empty. Enter the lines of the batch file, such as 1-10,14.";
    }
    return frameChunker(lines, settings.chunk_size).map((chunk) => {
        const task = authorTask(settings, `write-${chunk}`, "blender", "write", ["--lines", chunk]);
        task.addDependency(generateTask);
        return task;
    });
}

function authorSheetTask(settings, writeTasks) {
    const task = authorTask(settings, "contact-sheet", "file-management", "sheet", []);
    for (const writeTask of writeTasks) {
        task.addDependency(writeTask);
    }
    return task;
}

// A task that runs one step of the command `batch`. The worker uses no shell, so nothing is quoted.
function authorTask(settings, name, taskType, step, options) {
    const [exe, ...words] = splitCommand(settings.command);
    if (!exe) {
        throw "Command is empty. Enter how the workers start Mint, such as python3 -m mint_blender.";
    }
    const args = [...words, "batch", settings.batch_file, "-o", settings.output_folder, "--step", step, ...options];
    if (settings.render) {
        args.push("--render");
    }
    if (step !== "sheet") {
        args.push(...pictureOptions(settings));
        // One line that Mint refuses must not keep the farm from all the others.
        args.push("--skip-failed");
        if (settings.rewrite) {
            args.push("--rewrite");
        }
    }
    const task = author.Task(name, taskType);
    task.addCommand(author.Command("exec", { exe: exe, args: args }));
    return task;
}

// How pictures are rendered. A line of the batch file may have one by itself, so "render" does not matter.
function pictureOptions(settings) {
    const options = [];
    const size = settings.render_size.trim();
    if (size) {
        if (!/^\d+x\d+$/i.test(size)) {
            throw `Render Size must be two numbers, such as 1280x720, or empty, not "${size}".`;
        }
        options.push("--render-size", size);
    }
    if (settings.render_samples) {
        options.push("--render-samples", String(settings.render_samples));
    }
    if (settings.render_engine !== "cycles") {
        options.push("--render-engine", settings.render_engine);
    }
    return options;
}

// Split a command at spaces, except in double quotes. Backslashes are kept for paths of Windows.
function splitCommand(command) {
    const words = command.match(/"[^"]*"|[^\s"]+/g) || [];
    return words.map((word) => word.replace(/^"|"$/g, ""));
}
