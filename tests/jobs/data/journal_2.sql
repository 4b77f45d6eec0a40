PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE accounts (
        origin TEXT NOT NULL,
        key_hash TEXT NOT NULL,
        account TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (origin, key_hash)
    ) STRICT
    ;
INSERT INTO "accounts" VALUES('https://mint.example','key:c868f52fad55a51e92773e096ca96d635a11f9de','user:0x5a17d1e00000000000000000000000000000beef',1795912469.0);
CREATE TABLE changes (serial INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO "changes" VALUES(6,'2e4df71f938c');
INSERT INTO "changes" VALUES(11,'10715eb420c6');
INSERT INTO "changes" VALUES(22,'2df6f50ba582');
INSERT INTO "changes" VALUES(27,'c8a2b6dfa260');
INSERT INTO "changes" VALUES(37,'c4f9e5a34cfc');
INSERT INTO "changes" VALUES(44,'ae5c0c5e905e');
INSERT INTO "changes" VALUES(50,'3c2adbf3af9b');
INSERT INTO "changes" VALUES(52,'555401624a67');
INSERT INTO "changes" VALUES(57,'f54e5b7addfe');
INSERT INTO "changes" VALUES(59,'999d3b1c2c8a');
INSERT INTO "changes" VALUES(60,'d7dd20e5c277');
INSERT INTO "changes" VALUES(61,'46d1881d7280');
INSERT INTO "changes" VALUES(63,'094fbef72aa6');
INSERT INTO "changes" VALUES(68,'d929f650cc42');
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    created_at REAL NOT NULL,
    kind TEXT NOT NULL,
    phase TEXT NOT NULL,
    record TEXT NOT NULL,
    cancel INTEGER NOT NULL DEFAULT 0,
    client_request TEXT,
    process TEXT,
    dismissed INTEGER NOT NULL DEFAULT 0,
    origin TEXT NOT NULL DEFAULT '',
    account TEXT NOT NULL DEFAULT ''
) STRICT
;
INSERT INTO "jobs" VALUES('2e4df71f938c',1795480469.0,'model','placed','{"id": "2e4df71f938c", "request": {"kind": "model", "prompt": "a dismissed lamp", "preset": "standard", "mode": "auto", "name": null, "images": [], "pose": null, "image_names": []}, "created_at": 1795480469.0, "delivery": {"output": null, "render": null, "at": null, "rotation": null, "height": null, "document": null, "scene": null, "replaces": false, "splats": null, "collider": "AUTO", "rigid_body": false, "panorama": true, "camera": true, "folder": null, "line": null, "group": null}, "owner": {"origin": "https://mint.example", "account": "user:0x5a17d1e00000000000000000000000000000beef"}, "estimate": 12.0, "optimize_estimate": null, "paid_before": 0.0, "max_credits": null, "image_urls": [], "operation": {"id": "op_1", "type": "model_generation", "generationMode": "auto", "status": "succeeded", "resource": {"type": "model", "id": "res_op_1"}, "credits": {"reserved": 0, "finalized": 10}}, "source_asset_id": null, "convert": [], "optimize": null, "optimization": null, "decided_preview": null, "asset": null, "revision": 0, "files": [], "refused": [], "candidates": [], "client_request": null, "problem": null, "notes": [], "placement": null}',0,NULL,NULL,1,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef');
INSERT INTO "jobs" VALUES('10715eb420c6',1795480469.0,'model','ready','{"id": "10715eb420c6", "request": {"kind": "model", "prompt": "a lamp of a batch", "preset": "standard", "mode": "auto", "name": null, "images": [], "pose": null, "image_names": []}, "created_at": 1795480469.0, "delivery": {"output": null, "render": null, "at": null, "rotation": null, "height": null, "document": null, "scene": null, "replaces": false, "splats": null, "collider": "AUTO", "rigid_body": false, "panorama": true, "camera": true, "folder": null, "line": "/out#3/x", "group": null}, "owner": {"origin": "https://mint.example", "account": "user:0x5a17d1e00000000000000000000000000000beef"}, "estimate": 12.0, "optimize_estimate": null, "paid_before": 0.0, "max_credits": null, "image_urls": [], "operation": {"id": "op_2", "type": "model_generation", "generationMode": "auto", "status": "succeeded", "resource": {"type": "model", "id": "res_op_2"}, "credits": {"reserved": 0, "finalized": 11}}, "source_asset_id": null, "convert": [], "optimize": null, "optimization": null, "decided_preview": null, "asset": null, "revision": 0, "files": [], "refused": [], "candidates": [], "client_request": null, "problem": null, "notes": [], "placement": null}',0,NULL,NULL,0,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef');
INSERT INTO "jobs" VALUES('2df6f50ba582',1795653269.0,'model','placed','{"id": "2df6f50ba582", "request": {"kind": "model", "prompt": "a retried lamp", "preset": "standard", "mode": "auto", "name": null, "images": [], "pose": null, "image_names": []}, "created_at": 1795653269.0, "delivery": {"output": null, "render": null, "at": null, "rotation": null, "height": null, "document": null, "scene": null, "replaces": false, "splats": null, "collider": "AUTO", "rigid_body": false, "panorama": true, "camera": true, "folder": null, "line": null, "group": null}, "owner": {"origin": "https://mint.example", "account": "user:0x5a17d1e00000000000000000000000000000beef"}, "estimate": 248.0, "optimize_estimate": null, "paid_before": 40.0, "max_credits": null, "image_urls": [], "operation": {"id": "op_4", "type": "model_generation", "generationMode": "auto", "status": "succeeded", "resource": {"type": "model", "id": "res_op_4"}, "credits": {"reserved": 0, "finalized": 240}}, "source_asset_id": null, "convert": [], "optimize": null, "optimization": null, "decided_preview": null, "asset": null, "revision": 0, "files": [], "refused": [], "candidates": [], "client_request": null, "problem": null, "notes": [], "placement": null}',0,NULL,NULL,0,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef');
INSERT INTO "jobs" VALUES('c8a2b6dfa260',1795739669.0,'model','placed','{"id": "c8a2b6dfa260", "request": {"kind": "model", "prompt": "a lamp retried long ago", "preset": "standard", "mode": "auto", "name": null, "images": [], "pose": null, "image_names": []}, "created_at": 1795739669.0, "delivery": {"output": null, "render": null, "at": null, "rotation": null, "height": null, "document": null, "scene": null, "replaces": false, "splats": null, "collider": "AUTO", "rigid_body": false, "panorama": true, "camera": true, "folder": null, "line": null, "group": null}, "owner": {"origin": "https://mint.example", "account": "user:0x5a17d1e00000000000000000000000000000beef"}, "estimate": 100.0, "optimize_estimate": null, "paid_before": 30.0, "max_credits": null, "image_urls": [], "operation": {"id": "op_5", "type": "model_generation", "generationMode": "auto", "status": "succeeded", "resource": {"type": "model", "id": "res_op_5"}, "credits": {"reserved": 0, "finalized": 100}}, "source_asset_id": null, "convert": [], "optimize": null, "optimization": null, "decided_preview": null, "asset": null, "revision": 0, "files": [], "refused": [], "candidates": [], "client_request": null, "problem": null, "notes": [], "placement": null}',0,NULL,NULL,0,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef');
INSERT INTO "jobs" VALUES('c4f9e5a34cfc',1795826069.0,'model','placed','{"id": "c4f9e5a34cfc", "request": {"kind": "model", "prompt": "an optimized lamp", "preset": "standard", "mode": "auto", "name": null, "images": [], "pose": null, "image_names": []}, "created_at": 1795826069.0, "delivery": {"output": null, "render": null, "at": null, "rotation": null, "height": null, "document": null, "scene": null, "replaces": false, "splats": null, "collider": "AUTO", "rigid_body": false, "panorama": true, "camera": true, "folder": null, "line": null, "group": null}, "owner": {"origin": "https://mint.example", "account": "user:0x5a17d1e00000000000000000000000000000beef"}, "estimate": 248.0, "optimize_estimate": 20.0, "paid_before": 0.0, "max_credits": null, "image_urls": [], "operation": {"id": "op_6", "type": "model_generation", "generationMode": "auto", "status": "succeeded", "resource": {"type": "model", "id": "res_op_6"}, "credits": {"reserved": 0, "finalized": 248}}, "source_asset_id": null, "convert": [], "optimize": "light", "optimization": {"id": "op_7", "type": "model_generation", "generationMode": "auto", "status": "succeeded", "resource": {"type": "model", "id": "res_op_7"}, "credits": {"reserved": 0, "finalized": 35}}, "decided_preview": null, "asset": null, "revision": 0, "files": [], "refused": [], "candidates": [], "client_request": null, "problem": null, "notes": [], "placement": null}',0,NULL,NULL,0,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef');
INSERT INTO "jobs" VALUES('ae5c0c5e905e',1795826069.0,'model','canceled','{"id": "ae5c0c5e905e", "request": {"kind": "model", "prompt": "a lamp canceled in doubt", "preset": "standard", "mode": "auto", "name": null, "images": [], "pose": null, "image_names": []}, "created_at": 1795826069.0, "delivery": {"output": null, "render": null, "at": null, "rotation": null, "height": null, "document": null, "scene": null, "replaces": false, "splats": null, "collider": "AUTO", "rigid_body": false, "panorama": true, "camera": true, "folder": null, "line": null, "group": null}, "owner": {"origin": "https://mint.example", "account": "user:0x5a17d1e00000000000000000000000000000beef"}, "estimate": 50.0, "optimize_estimate": null, "paid_before": 0.0, "max_credits": null, "image_urls": [], "operation": null, "source_asset_id": null, "convert": [], "optimize": null, "optimization": null, "decided_preview": null, "asset": null, "revision": 0, "files": [], "refused": [], "candidates": [], "client_request": null, "problem": null, "notes": [], "placement": null}',0,NULL,NULL,0,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef');
INSERT INTO "jobs" VALUES('3c2adbf3af9b',1795826069.0,'model','failed','{"id": "3c2adbf3af9b", "request": {"kind": "model", "prompt": "a refused lamp", "preset": "standard", "mode": "auto", "name": null, "images": [], "pose": null, "image_names": []}, "created_at": 1795826069.0, "delivery": {"output": null, "render": null, "at": null, "rotation": null, "height": null, "document": null, "scene": null, "replaces": false, "splats": null, "collider": "AUTO", "rigid_body": false, "panorama": true, "camera": true, "folder": null, "line": null, "group": null}, "owner": {"origin": "https://mint.example", "account": "user:0x5a17d1e00000000000000000000000000000beef"}, "estimate": 50.0, "optimize_estimate": null, "paid_before": 0.0, "max_credits": null, "image_urls": [], "operation": null, "source_asset_id": null, "convert": [], "optimize": null, "optimization": null, "decided_preview": null, "asset": null, "revision": 0, "files": [], "refused": [], "candidates": [], "client_request": null, "problem": null, "notes": [], "placement": null}',0,NULL,NULL,0,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef');
INSERT INTO "jobs" VALUES('555401624a67',1795826069.0,'model','placed','{"id": "555401624a67", "request": {"kind": "model", "prompt": "a lamp of somebody else", "preset": "standard", "mode": "auto", "name": null, "images": [], "pose": null, "image_names": []}, "created_at": 1795826069.0, "delivery": {"output": null, "render": null, "at": null, "rotation": null, "height": null, "document": null, "scene": null, "replaces": false, "splats": null, "collider": "AUTO", "rigid_body": false, "panorama": true, "camera": true, "folder": null, "line": null, "group": null}, "owner": {"origin": "https://mint.example", "account": "user:2"}, "estimate": null, "optimize_estimate": null, "paid_before": 0.0, "max_credits": null, "image_urls": [], "operation": {"id": "op_8", "type": "model_generation", "generationMode": "auto", "status": "succeeded", "resource": {"type": "model", "id": "res_op_8"}, "credits": {"reserved": 0, "finalized": 99}}, "source_asset_id": null, "convert": [], "optimize": null, "optimization": null, "decided_preview": null, "asset": null, "revision": 0, "files": [], "refused": [], "candidates": [], "client_request": null, "problem": null, "notes": [], "placement": null}',0,NULL,NULL,0,'https://mint.example','user:2');
INSERT INTO "jobs" VALUES('f54e5b7addfe',1795912469.0,'model','working','{"id": "f54e5b7addfe", "request": {"kind": "model", "prompt": "a running lamp", "preset": "standard", "mode": "auto", "name": null, "images": [], "pose": null, "image_names": []}, "created_at": 1795912469.0, "delivery": {"output": null, "render": null, "at": null, "rotation": null, "height": null, "document": null, "scene": null, "replaces": false, "splats": null, "collider": "AUTO", "rigid_body": false, "panorama": true, "camera": true, "folder": null, "line": null, "group": null}, "owner": {"origin": "https://mint.example", "account": "user:0x5a17d1e00000000000000000000000000000beef"}, "estimate": 248.0, "optimize_estimate": 20.0, "paid_before": 0.0, "max_credits": null, "image_urls": [], "operation": {"id": "op_9", "type": "model_generation", "generationMode": "auto", "status": "running", "resource": {"type": "model", "id": "res_op_9"}, "credits": {"reserved": 250, "finalized": 0}}, "source_asset_id": null, "convert": [], "optimize": "light", "optimization": null, "decided_preview": null, "asset": null, "revision": 0, "files": [], "refused": [], "candidates": [], "client_request": null, "problem": null, "notes": [], "placement": null}',0,NULL,NULL,0,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef');
INSERT INTO "jobs" VALUES('999d3b1c2c8a',1795912469.0,'model','waiting','{"id": "999d3b1c2c8a", "request": {"kind": "model", "prompt": "a queued lamp", "preset": "standard", "mode": "auto", "name": null, "images": [], "pose": null, "image_names": []}, "created_at": 1795912469.0, "delivery": {"output": null, "render": null, "at": null, "rotation": null, "height": null, "document": null, "scene": null, "replaces": false, "splats": null, "collider": "AUTO", "rigid_body": false, "panorama": true, "camera": true, "folder": null, "line": null, "group": null}, "owner": {"origin": "https://mint.example", "account": "user:0x5a17d1e00000000000000000000000000000beef"}, "estimate": 80.0, "optimize_estimate": null, "paid_before": 0.0, "max_credits": null, "image_urls": [], "operation": null, "source_asset_id": null, "convert": [], "optimize": null, "optimization": null, "decided_preview": null, "asset": null, "revision": 0, "files": [], "refused": [], "candidates": [], "client_request": null, "problem": null, "notes": [], "placement": null}',0,NULL,NULL,0,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef');
INSERT INTO "jobs" VALUES('d7dd20e5c277',1795912469.0,'model','waiting','{"id": "d7dd20e5c277", "request": {"kind": "model", "prompt": "", "preset": "standard", "mode": "auto", "name": null, "images": [], "pose": null, "image_names": []}, "created_at": 1795912469.0, "delivery": {"output": null, "render": null, "at": null, "rotation": null, "height": null, "document": null, "scene": null, "replaces": false, "splats": null, "collider": "AUTO", "rigid_body": false, "panorama": true, "camera": true, "folder": null, "line": null, "group": null}, "owner": {"origin": "https://mint.example", "account": "user:0x5a17d1e00000000000000000000000000000beef"}, "estimate": 20.0, "optimize_estimate": null, "paid_before": 0.0, "max_credits": null, "image_urls": [], "operation": null, "source_asset_id": "res_1", "convert": [], "optimize": "light", "optimization": null, "decided_preview": null, "asset": {"kind": "model", "json": {"id": "res_1", "status": "succeeded", "assets": {}}}, "revision": 0, "files": [], "refused": [], "candidates": [], "client_request": null, "problem": null, "notes": [], "placement": null}',0,NULL,NULL,0,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef');
INSERT INTO "jobs" VALUES('46d1881d7280',1795912469.0,'model','waiting','{"id": "46d1881d7280", "request": {"kind": "model", "prompt": "", "preset": "standard", "mode": "auto", "name": null, "images": [], "pose": null, "image_names": []}, "created_at": 1795912469.0, "delivery": {"output": null, "render": null, "at": null, "rotation": null, "height": null, "document": null, "scene": null, "replaces": false, "splats": null, "collider": "AUTO", "rigid_body": false, "panorama": true, "camera": true, "folder": null, "line": null, "group": null}, "owner": {"origin": "https://mint.example", "account": "user:0x5a17d1e00000000000000000000000000000beef"}, "estimate": null, "optimize_estimate": null, "paid_before": 0.0, "max_credits": null, "image_urls": [], "operation": null, "source_asset_id": "res_1", "convert": [], "optimize": null, "optimization": null, "decided_preview": null, "asset": {"kind": "model", "json": {"id": "res_1", "status": "succeeded", "assets": {}}}, "revision": 0, "files": [], "refused": [], "candidates": [], "client_request": null, "problem": null, "notes": [], "placement": null}',0,NULL,NULL,0,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef');
INSERT INTO "jobs" VALUES('094fbef72aa6',1795912469.0,'model','placed','{',0,NULL,NULL,0,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef');
INSERT INTO "jobs" VALUES('d929f650cc42',1795912469.0,'model','sending','{"id": "d929f650cc42", "request": {"kind": "model", "prompt": "a lamp that was just sent", "preset": "standard", "mode": "auto", "name": null, "images": [], "pose": null, "image_names": []}, "created_at": 1795912469.0, "delivery": {"output": null, "render": null, "at": null, "rotation": null, "height": null, "document": null, "scene": null, "replaces": false, "splats": null, "collider": "AUTO", "rigid_body": false, "panorama": true, "camera": true, "folder": null, "line": null, "group": null}, "owner": {"origin": "https://mint.example", "account": "user:0x5a17d1e00000000000000000000000000000beef"}, "estimate": 60.0, "optimize_estimate": null, "paid_before": 0.0, "max_credits": null, "image_urls": [], "operation": null, "source_asset_id": null, "convert": [], "optimize": null, "optimization": null, "decided_preview": null, "asset": null, "revision": 0, "files": [], "refused": [], "candidates": [], "client_request": null, "problem": null, "notes": [], "placement": null}',0,NULL,NULL,0,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef');
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
INSERT INTO "meta" VALUES('salt','7c342fbf009371cca843a1081462cc67');
CREATE TABLE moves (job TEXT NOT NULL, phase TEXT NOT NULL, at REAL NOT NULL) STRICT;
INSERT INTO "moves" VALUES('2e4df71f938c','waiting',1795480469.0);
INSERT INTO "moves" VALUES('2e4df71f938c','placed',1795480469.0);
INSERT INTO "moves" VALUES('10715eb420c6','waiting',1795480469.0);
INSERT INTO "moves" VALUES('10715eb420c6','ready',1795480469.0);
INSERT INTO "moves" VALUES('2df6f50ba582','waiting',1795653269.0);
INSERT INTO "moves" VALUES('2df6f50ba582','failed',1795653269.0);
INSERT INTO "moves" VALUES('2df6f50ba582','waiting',1795739669.0);
INSERT INTO "moves" VALUES('2df6f50ba582','placed',1795739669.0);
INSERT INTO "moves" VALUES('c8a2b6dfa260','waiting',1795739669.0);
INSERT INTO "moves" VALUES('c8a2b6dfa260','placed',1795739669.0);
INSERT INTO "moves" VALUES('c4f9e5a34cfc','waiting',1795826069.0);
INSERT INTO "moves" VALUES('c4f9e5a34cfc','fetching',1795826069.0);
INSERT INTO "moves" VALUES('c4f9e5a34cfc','placed',1795826069.0);
INSERT INTO "moves" VALUES('ae5c0c5e905e','waiting',1795826069.0);
INSERT INTO "moves" VALUES('ae5c0c5e905e','canceled',1795826069.0);
INSERT INTO "moves" VALUES('3c2adbf3af9b','waiting',1795826069.0);
INSERT INTO "moves" VALUES('3c2adbf3af9b','failed',1795826069.0);
INSERT INTO "moves" VALUES('555401624a67','placed',1795826069.0);
INSERT INTO "moves" VALUES('f54e5b7addfe','waiting',1795912469.0);
INSERT INTO "moves" VALUES('f54e5b7addfe','working',1795912469.0);
INSERT INTO "moves" VALUES('999d3b1c2c8a','waiting',1795912469.0);
INSERT INTO "moves" VALUES('d7dd20e5c277','waiting',1795912469.0);
INSERT INTO "moves" VALUES('46d1881d7280','waiting',1795912469.0);
INSERT INTO "moves" VALUES('094fbef72aa6','placed',1795912469.0);
INSERT INTO "moves" VALUES('d929f650cc42','waiting',1795912469.0);
INSERT INTO "moves" VALUES('d929f650cc42','sending',1795912469.0);
CREATE TABLE paid_requests (
        key TEXT PRIMARY KEY,
        subject TEXT NOT NULL,
        verb TEXT NOT NULL,
        number INTEGER NOT NULL,
        job TEXT NOT NULL,
        body TEXT,
        credits REAL,
        extra_credits REAL,
        journal TEXT NOT NULL,
        born REAL NOT NULL,
        credential TEXT NOT NULL DEFAULT '',
        attempts INTEGER NOT NULL DEFAULT 0,
        refusals INTEGER NOT NULL DEFAULT 0,
        attempted REAL NOT NULL DEFAULT 0,
        operation TEXT,
        closed TEXT,
        UNIQUE (subject, verb, number)
    ) STRICT
    ;
INSERT INTO "paid_requests" VALUES('mint-blender-aa4d60842675c58a4a27db3fc998d329aee7fe6f','job:2e4df71f938c','start',1,'2e4df71f938c','{}',NULL,NULL,'another file',1795480469.0,'c',1,0,1795480469.0,'op_1',NULL);
INSERT INTO "paid_requests" VALUES('mint-blender-4677048e466d7f6eb82590701c0356bf9898b186','job:10715eb420c6','start',1,'10715eb420c6','{}',NULL,NULL,'another file',1795480469.0,'c',1,0,1795480469.0,'op_2',NULL);
INSERT INTO "paid_requests" VALUES('mint-blender-1897e35343e0dceef9c5e29cf83baa569733e978','job:2df6f50ba582','start',1,'2df6f50ba582','{}',NULL,NULL,'another file',1795653269.0,'c',1,0,1795653269.0,'op_3',NULL);
INSERT INTO "paid_requests" VALUES('mint-blender-25559a394d8034f628993296f747384a04a7fc90','asset:res_op_3','retry',1,'2df6f50ba582','{}',248.0,NULL,'another file',1795739669.0,'c',1,0,1795739669.0,'op_4',NULL);
INSERT INTO "paid_requests" VALUES('mint-blender-d06b7dbac0f17a1970cde669bdf4fba4f6d45916','job:c8a2b6dfa260','start',1,'c8a2b6dfa260','{}',NULL,NULL,'another file',1795739669.0,'c',1,0,1795739669.0,'op_5',NULL);
INSERT INTO "paid_requests" VALUES('mint-blender-fa7e6914cf6a959ae86dacf4fe10c5b97fe830cb','job:c4f9e5a34cfc','start',1,'c4f9e5a34cfc','{}',NULL,NULL,'another file',1795826069.0,'c',1,0,1795826069.0,'op_6',NULL);
INSERT INTO "paid_requests" VALUES('mint-blender-295819bf6c7499a43fa607fd75a30202d0e1697e','asset:res_op_6','optimize',1,'c4f9e5a34cfc','{}',NULL,NULL,'another file',1795826069.0,'c',1,0,1795826069.0,'op_7',NULL);
INSERT INTO "paid_requests" VALUES('mint-blender-49164c06f6f8f0bebb5b8a10d0fe6b0ccd22a511','job:ae5c0c5e905e','start',1,'ae5c0c5e905e','{}',NULL,NULL,'another file',1795826069.0,'c',1,0,1795826069.0,NULL,'dropped');
INSERT INTO "paid_requests" VALUES('mint-blender-fc88e3048c7fe4fa6069aa41fdfbaa0c84dbd1fa','job:3c2adbf3af9b','start',1,'3c2adbf3af9b','{}',NULL,NULL,'another file',1795826069.0,'c',1,1,1795826069.0,NULL,'refused');
INSERT INTO "paid_requests" VALUES('mint-blender-c059385bef8430ad232faf66eb3f3e24da17305b','job:555401624a67','start',1,'555401624a67',NULL,NULL,NULL,'another file',1795826069.0,'',0,0,0.0,NULL,NULL);
INSERT INTO "paid_requests" VALUES('mint-blender-cb9ed48440c8204eb463094cfd523745a00ef37e','job:f54e5b7addfe','start',1,'f54e5b7addfe','{}',NULL,NULL,'another file',1795912469.0,'c',1,0,1795912469.0,'op_9',NULL);
INSERT INTO "paid_requests" VALUES('mint-blender-9be63b39a8f061e6c9c30fc41635171dbb7163ab','job:999d3b1c2c8a','start',1,'999d3b1c2c8a',NULL,NULL,NULL,'another file',1795912469.0,'',0,0,0.0,NULL,NULL);
INSERT INTO "paid_requests" VALUES('mint-blender-2eece6846024d15d6a4d48c1c4545ee6f5824f4e','job:094fbef72aa6','start',1,'094fbef72aa6',NULL,NULL,NULL,'another file',1795912469.0,'',0,0,0.0,NULL,NULL);
INSERT INTO "paid_requests" VALUES('mint-blender-32a2959ad17bc5d91feac164a8d3509928889d8e','job:d929f650cc42','start',1,'d929f650cc42','{}',NULL,NULL,'another file',1795912469.0,'c',1,0,1795912469.0,'op_10',NULL);
CREATE TABLE spending (
        slot INTEGER NOT NULL,
        origin TEXT NOT NULL,
        account TEXT NOT NULL,
        count INTEGER NOT NULL,
        credits REAL NOT NULL,
        done INTEGER NOT NULL,
        failed INTEGER NOT NULL,
        PRIMARY KEY (slot, origin, account)
    ) STRICT, WITHOUT ROWID
    ;
INSERT INTO "spending" VALUES(-1,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',2,100.0,0,0);
INSERT INTO "spending" VALUES(1994978,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',2,21.0,2,0);
INSERT INTO "spending" VALUES(1995266,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',2,410.0,2,0);
INSERT INTO "spending" VALUES(1995362,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',3,333.0,1,1);
INSERT INTO "spending" VALUES(1995362,'https://mint.example','user:2',1,99.0,1,0);
INSERT INTO "spending" VALUES(1995458,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',3,330.0,1,0);
CREATE TABLE summaries (
        job TEXT PRIMARY KEY,
        is_readable INTEGER NOT NULL,
        asset BLOB,
        line BLOB,
        slot INTEGER,
        origin TEXT,
        account TEXT,
        credits REAL,
        done INTEGER,
        failed INTEGER,
        optimization REAL,
        created_at REAL,
        serial INTEGER NOT NULL
    ) STRICT
    ;
INSERT INTO "summaries" VALUES('2e4df71f938c',1,X'7265735F6F705F31',NULL,1994978,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',10.0,1,0,NULL,1795480469.0,6);
INSERT INTO "summaries" VALUES('10715eb420c6',1,X'7265735F6F705F32',X'2F6F757423332F78',1994978,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',11.0,1,0,NULL,1795480469.0,11);
INSERT INTO "summaries" VALUES('2df6f50ba582',1,X'7265735F6F705F34',NULL,1995266,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',280.0,1,0,NULL,1795653269.0,22);
INSERT INTO "summaries" VALUES('c8a2b6dfa260',1,X'7265735F6F705F35',NULL,1995266,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',130.0,1,0,NULL,1795739669.0,27);
INSERT INTO "summaries" VALUES('c4f9e5a34cfc',1,X'7265735F6F705F36',NULL,1995362,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',283.0,1,0,35.0,1795826069.0,37);
INSERT INTO "summaries" VALUES('ae5c0c5e905e',1,NULL,NULL,1995362,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',50.0,0,0,NULL,1795826069.0,44);
INSERT INTO "summaries" VALUES('3c2adbf3af9b',1,NULL,NULL,1995362,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',0.0,0,1,NULL,1795826069.0,50);
INSERT INTO "summaries" VALUES('555401624a67',1,X'7265735F6F705F38',NULL,1995362,'https://mint.example','user:2',99.0,1,0,NULL,1795826069.0,52);
INSERT INTO "summaries" VALUES('f54e5b7addfe',1,X'7265735F6F705F39',NULL,1995458,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',270.0,0,0,NULL,1795912469.0,57);
INSERT INTO "summaries" VALUES('999d3b1c2c8a',1,NULL,NULL,-1,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',80.0,0,0,NULL,1795912469.0,59);
INSERT INTO "summaries" VALUES('d7dd20e5c277',1,X'7265735F31',NULL,-1,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',20.0,0,0,NULL,1795912469.0,60);
INSERT INTO "summaries" VALUES('46d1881d7280',1,X'7265735F31',NULL,NULL,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',0.0,0,0,NULL,1795912469.0,61);
INSERT INTO "summaries" VALUES('094fbef72aa6',1,NULL,NULL,1995458,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',0.0,1,0,NULL,1795912469.0,63);
INSERT INTO "summaries" VALUES('d929f650cc42',1,NULL,NULL,1995458,'https://mint.example','user:0x5a17d1e00000000000000000000000000000beef',60.0,0,0,NULL,1795912469.0,68);
CREATE TABLE uploads (
    digest TEXT NOT NULL,
    origin TEXT NOT NULL,
    account TEXT NOT NULL,
    url TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (digest, origin, account)
) STRICT
;
CREATE INDEX listed_jobs ON jobs (created_at DESC, id) WHERE NOT dismissed;
CREATE INDEX open_jobs ON jobs (created_at DESC, id) WHERE NOT dismissed AND phase NOT IN ('placed', 'canceled', 'failed');
CREATE INDEX ended_jobs ON jobs (created_at DESC, id) WHERE NOT dismissed AND phase IN ('placed', 'canceled', 'failed');
CREATE INDEX driven_jobs ON jobs (process) WHERE process IS NOT NULL;
CREATE UNIQUE INDEX jobs_by_client_request ON jobs (client_request);
CREATE INDEX jobs_by_phase ON jobs (phase, kind);
CREATE INDEX moves_of_jobs ON moves (job);
CREATE INDEX summaries_by_serial ON summaries (serial);
CREATE INDEX unreadable ON summaries (job) WHERE NOT is_readable;
CREATE INDEX assets ON summaries (asset) WHERE asset IS NOT NULL;
CREATE INDEX lines ON summaries (line) WHERE line IS NOT NULL;
CREATE INDEX optimizations ON summaries (origin, account, created_at, optimization) WHERE optimization IS NOT NULL;
CREATE INDEX paid_requests_of_jobs ON paid_requests (job);
CREATE INDEX made_by_paid_requests ON paid_requests (operation);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('changes',68);
COMMIT;
