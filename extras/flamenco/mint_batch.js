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
    // The only task that spends Credits, and the only one that needs the API key.
    const generate = task(settings, "generate", "misc", ["--step", "generate", "--jobs", String(settings.jobs),
        ...option("--max-credits", settings.max_credits), ...flag("--retry-failed", settings.retry_failed),
        ...writing(settings)]);
    const sheet = task(settings, "contact-sheet", "file-management", ["--step", "sheet"]);
    job.addTask(generate);
    for (const lines of frameChunker(settings.lines, settings.chunk_size)) {
        const write = task(settings, `write-${lines}`, "blender",
            ["--step", "write", "--lines", lines, ...writing(settings)]);
        write.addDependency(generate);
        sheet.addDependency(write);
        job.addTask(write);
    }
    job.addTask(sheet);
}

// A task that runs the command `batch`. The worker uses no shell, so nothing is quoted.
function task(settings, name, taskType, options) {
    // Split at spaces, except in double quotes. Backslashes are kept for paths of Windows.
    const words = settings.command.match(/"[^"]*"|[^\s"]+/g).map((word) => word.replace(/^"|"$/g, ""));
    const made = author.Task(name, taskType);
    const args = [...words.slice(1), "batch", settings.batch_file, "-o", settings.output_folder, ...options];
    made.addCommand(author.Command("exec", { exe: words[0], args: args }));
    return made;
}

// What generating and writing have in common. One line that Mint refuses must not keep the farm from all the
// others. A line of the batch file may have a rendered picture by itself, so its options do not need "render".
function writing(settings) {
    return ["--skip-failed", ...flag("--rewrite", settings.rewrite), ...flag("--render", settings.render),
        ...option("--render-size", settings.render_size), ...option("--render-samples", settings.render_samples || ""),
        "--render-engine", settings.render_engine];
}

function flag(name, isOn) {
    return isOn ? [name] : [];
}

function option(name, value) {
    const text = String(value).trim();
    return text ? [name, text] : [];
}
