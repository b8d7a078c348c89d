BEGIN TRANSACTION;
CREATE TABLE artifact (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  key TEXT,
  key_fold TEXT,
  stem TEXT NOT NULL,
  description TEXT,
  suffix TEXT NOT NULL,
  kind TEXT,
  otype TEXT,
  size INTEGER,
  hash TEXT,
  n_files INTEGER,
  n_observations INTEGER,
  extra_data TEXT,
  otype_layout TEXT,
  version_tag TEXT,
  is_latest BOOLEAN NOT NULL CHECK (is_latest IN (0, 1)),
  is_locked BOOLEAN NOT NULL CHECK (is_locked IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  branch_id INTEGER NOT NULL REFERENCES branch (id) DEFERRABLE INITIALLY DEFERRED,
  space_id INTEGER NOT NULL REFERENCES space (id) DEFERRABLE INITIALLY DEFERRED,
  storage_id INTEGER NOT NULL REFERENCES storage (id) DEFERRABLE INITIALLY DEFERRED,
  run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_by_id INTEGER NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "artifact" VALUES(1,'XoqZXgp5RTnNRJMr0000',NULL,NULL,'XoqZXgp5RTnNRJMr','requirements.txt','.txt','__lamin_lite_run__',NULL,472,'6ba383bd16825685e4a74e5de9138bc003b446fda41084a7adc85f71fdd1ff9d',NULL,NULL,NULL,NULL,NULL,1,0,1795814090424924,1795814090424924,1,1,1,NULL,1);
INSERT INTO "artifact" VALUES(2,'8plOvmc05ZMFy3k80000','table.csv','table.csv','8plOvmc05ZMFy3k8','the first','.csv',NULL,NULL,8,'492d5ea496056f1a6a6592241032fab764c321596317930b4fa0e1e8bc3b7470',NULL,NULL,NULL,NULL,NULL,0,0,1795814090447559,1795814090447559,1,2,1,1,1);
INSERT INTO "artifact" VALUES(3,'8plOvmc05ZMFy3k80001','table.csv','table.csv','8plOvmc05ZMFy3k8',NULL,'.csv',NULL,NULL,8,'8baab0330389def9ec921e89f5d0f28e41e6b80ce9de95e046df431dfec66925',NULL,NULL,NULL,NULL,NULL,1,0,1795814090456727,1795814090456727,1,2,1,1,1);
INSERT INTO "artifact" VALUES(4,'BSaAOgg4upcum81C0000','double.csv','double.csv','BSaAOgg4upcum81C',NULL,'.csv',NULL,NULL,8,'8baab0330389def9ec921e89f5d0f28e41e6b80ce9de95e046df431dfec66925',NULL,NULL,NULL,NULL,NULL,1,0,1795814090473791,1795814090473791,1,2,1,2,1);
INSERT INTO "artifact" VALUES(5,'hiJIS9t8OYVRkJmy0000','folder','folder','hiJIS9t8OYVRkJmy',NULL,'',NULL,NULL,4,'7d133f6754fdd35824ff35bf24ede886aa124080653a43a0ad4e2e996e173be1',1,NULL,NULL,NULL,NULL,1,0,1795814090494317,1795814090494317,1,2,1,1,1);
INSERT INTO "artifact" VALUES(6,'vgIJAXXnhieJJFoB0000','gone.csv','gone.csv','vgIJAXXnhieJJFoB',NULL,'.csv',NULL,NULL,8,'8baab0330389def9ec921e89f5d0f28e41e6b80ce9de95e046df431dfec66925',NULL,NULL,NULL,NULL,NULL,1,0,1795814090504124,1795814090505232,-1,2,1,1,1);
INSERT INTO "artifact" VALUES(7,'9RffQRWqbCwZXCPy0000',NULL,NULL,'9RffQRWqbCwZXCPy','report of run qWc3KkH6P7sNn4SV','.txt','__lamin_lite_run__',NULL,0,'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',NULL,NULL,NULL,NULL,NULL,1,0,1795814090519687,1795814090519687,1,2,1,NULL,1);
CREATE TABLE artifact_project (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  artifact_id INTEGER NOT NULL REFERENCES artifact (id) DEFERRABLE INITIALLY DEFERRED,
  project_id INTEGER NOT NULL REFERENCES project (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
INSERT INTO "artifact_project" VALUES(1,2,1,1,1795814090447711);
INSERT INTO "artifact_project" VALUES(2,3,1,1,1795814090456834);
INSERT INTO "artifact_project" VALUES(3,4,1,2,1795814090473884);
INSERT INTO "artifact_project" VALUES(4,5,1,1,1795814090494445);
INSERT INTO "artifact_project" VALUES(5,6,1,1,1795814090504230);
CREATE TABLE artifact_record (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  artifact_id INTEGER NOT NULL REFERENCES artifact (id) DEFERRABLE INITIALLY DEFERRED,
  record_id INTEGER NOT NULL REFERENCES record (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
CREATE TABLE artifact_ulabel (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  artifact_id INTEGER NOT NULL REFERENCES artifact (id) DEFERRABLE INITIALLY DEFERRED,
  ulabel_id INTEGER NOT NULL REFERENCES ulabel (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
INSERT INTO "artifact_ulabel" VALUES(1,3,1,NULL,1795814090510566);
CREATE TABLE artifact_value (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  owner_id INTEGER NOT NULL REFERENCES artifact (id) DEFERRABLE INITIALLY DEFERRED,
  feature_id INTEGER NOT NULL REFERENCES feature (id) DEFERRABLE INITIALLY DEFERRED,
  place INTEGER NOT NULL,
  kind TEXT NOT NULL,
  whole INTEGER,
  number REAL,
  text TEXT,
  rest TEXT
);
INSERT INTO "artifact_value" VALUES(1,3,1,0,'float',NULL,20.0,NULL,NULL);
CREATE TABLE branch (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  description TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER,
  created_by_id INTEGER REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "branch" VALUES(-1,'trash0000000','trash',NULL,1795814090220459,NULL,NULL);
INSERT INTO "branch" VALUES(0,'archive00000','archive',NULL,1795814090220459,NULL,NULL);
INSERT INTO "branch" VALUES(1,'main00000000','main',NULL,1795814090220459,NULL,NULL);
CREATE TABLE collection (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  key TEXT,
  key_fold TEXT,
  stem TEXT NOT NULL,
  description TEXT,
  hash TEXT NOT NULL,
  reference TEXT,
  reference_type TEXT,
  version_tag TEXT,
  is_latest BOOLEAN NOT NULL CHECK (is_latest IN (0, 1)),
  is_locked BOOLEAN NOT NULL CHECK (is_locked IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  branch_id INTEGER NOT NULL REFERENCES branch (id) DEFERRABLE INITIALLY DEFERRED,
  space_id INTEGER NOT NULL REFERENCES space (id) DEFERRABLE INITIALLY DEFERRED,
  run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_by_id INTEGER NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "collection" VALUES(1,'ho1Jrk20HVvhC6wE0000','both','both','ho1Jrk20HVvhC6wE',NULL,'fa39e26985dfb905497d05b889a902cba54b5aa00641949645e90e77748da125',NULL,NULL,NULL,1,0,1795814090500199,1795814090500199,1,2,1,1);
CREATE TABLE collection_artifact (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id INTEGER NOT NULL REFERENCES collection (id) DEFERRABLE INITIALLY DEFERRED,
  artifact_id INTEGER NOT NULL REFERENCES artifact (id) DEFERRABLE INITIALLY DEFERRED,
  place INTEGER NOT NULL
);
INSERT INTO "collection_artifact" VALUES(1,1,2,0);
INSERT INTO "collection_artifact" VALUES(2,1,3,1);
CREATE TABLE collection_project (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id INTEGER NOT NULL REFERENCES collection (id) DEFERRABLE INITIALLY DEFERRED,
  project_id INTEGER NOT NULL REFERENCES project (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
INSERT INTO "collection_project" VALUES(1,1,1,1,1795814090500389);
CREATE TABLE collection_record (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id INTEGER NOT NULL REFERENCES collection (id) DEFERRABLE INITIALLY DEFERRED,
  record_id INTEGER NOT NULL REFERENCES record (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
CREATE TABLE collection_ulabel (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id INTEGER NOT NULL REFERENCES collection (id) DEFERRABLE INITIALLY DEFERRED,
  ulabel_id INTEGER NOT NULL REFERENCES ulabel (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
CREATE TABLE environment_seen (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  fingerprint TEXT NOT NULL UNIQUE,
  artifact_id INTEGER NOT NULL REFERENCES artifact (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "environment_seen" VALUES(1,'a720d9200f12a81fe190010f4c4468be8effee554410486b14f5013d763ab830',1);
CREATE TABLE feature (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  name TEXT,
  name_fold TEXT,
  description TEXT,
  dtype TEXT,
  unit TEXT,
  synonyms TEXT,
  nullable BOOLEAN NOT NULL CHECK (nullable IN (0, 1)),
  coerce BOOLEAN NOT NULL CHECK (coerce IN (0, 1)),
  default_value TEXT,
  is_locked BOOLEAN NOT NULL CHECK (is_locked IN (0, 1)),
  is_type BOOLEAN NOT NULL CHECK (is_type IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  branch_id INTEGER NOT NULL REFERENCES branch (id) DEFERRABLE INITIALLY DEFERRED,
  space_id INTEGER NOT NULL REFERENCES space (id) DEFERRABLE INITIALLY DEFERRED,
  run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_by_id INTEGER NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
  type_id INTEGER REFERENCES feature (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "feature" VALUES(1,'EH9uONfNsjZA','temperature','temperature',NULL,'float','°C',NULL,1,0,NULL,0,0,1795814090256711,1795814090256711,1,1,NULL,1,NULL);
INSERT INTO "feature" VALUES(2,'WLPehsTwmYDC','sample','sample',NULL,'cat[Record[LMz8Ahsye03cWHZK]]',NULL,NULL,1,0,NULL,0,0,1795814090258523,1795814090258523,1,1,NULL,1,NULL);
CREATE TABLE feature_project (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES project (id) DEFERRABLE INITIALLY DEFERRED,
  feature_id INTEGER NOT NULL REFERENCES feature (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), schema INTEGER NOT NULL, min_reader INTEGER NOT NULL, min_writer INTEGER NOT NULL, instance TEXT NOT NULL, made_by TEXT NOT NULL);
INSERT INTO "meta" VALUES(1,1,1,1,'Cl5VPiwH5DIE','0.1.0');
CREATE TABLE process (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  host TEXT,
  boot_id TEXT,
  pid_ns TEXT,
  pid INTEGER NOT NULL,
  start_time INTEGER,
  python TEXT,
  executable TEXT,
  platform TEXT,
  cwd TEXT,
  created_at INTEGER NOT NULL,
  ended_at INTEGER
);
INSERT INTO "process" VALUES(1,'cBZlhlhIdZt2ooES','vm','9ca742d5-924c-4138-ae93-ea088048b0be','4026531836',17278,1305151,'3.11.2','/usr/bin/python3','Linux 6.18.44-fc-v669 x86_64','/tmp/tmpx_sg8z95',1795814090427613,NULL);
CREATE TABLE project (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  name TEXT,
  name_fold TEXT,
  description TEXT,
  abbr TEXT,
  url TEXT,
  start_date TEXT,
  end_date TEXT,
  is_locked BOOLEAN NOT NULL CHECK (is_locked IN (0, 1)),
  is_type BOOLEAN NOT NULL CHECK (is_type IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  branch_id INTEGER NOT NULL REFERENCES branch (id) DEFERRABLE INITIALLY DEFERRED,
  space_id INTEGER NOT NULL REFERENCES space (id) DEFERRABLE INITIALLY DEFERRED,
  run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_by_id INTEGER NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
  type_id INTEGER REFERENCES project (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "project" VALUES(1,'HwFAHsyF3n5r','Frozen','frozen',NULL,NULL,NULL,NULL,NULL,0,0,1795814090259463,1795814090259463,1,1,NULL,1,NULL);
CREATE TABLE project_parent (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  child_id INTEGER NOT NULL REFERENCES project (id) DEFERRABLE INITIALLY DEFERRED,
  parent_id INTEGER NOT NULL REFERENCES project (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
CREATE TABLE record (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  name TEXT,
  name_fold TEXT,
  description TEXT,
  reference TEXT,
  reference_type TEXT,
  extra_data TEXT,
  is_locked BOOLEAN NOT NULL CHECK (is_locked IN (0, 1)),
  is_type BOOLEAN NOT NULL CHECK (is_type IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  branch_id INTEGER NOT NULL REFERENCES branch (id) DEFERRABLE INITIALLY DEFERRED,
  space_id INTEGER NOT NULL REFERENCES space (id) DEFERRABLE INITIALLY DEFERRED,
  run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_by_id INTEGER NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
  type_id INTEGER REFERENCES record (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "record" VALUES(1,'LMz8Ahsye03cWHZK','Sample','sample',NULL,NULL,NULL,NULL,0,1,1795814090237697,1795814090237697,1,1,NULL,1,NULL);
INSERT INTO "record" VALUES(2,'4Nyu5l1gI17I8JlS','S0','s0',NULL,NULL,NULL,NULL,0,0,1795814090252257,1795814090252257,1,1,NULL,1,1);
INSERT INTO "record" VALUES(3,'5jJURF8nhDScZ4Ji','S1','s1',NULL,NULL,NULL,NULL,0,0,1795814090254064,1795814090254064,1,1,NULL,1,1);
CREATE TABLE record_parent (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  child_id INTEGER NOT NULL REFERENCES record (id) DEFERRABLE INITIALLY DEFERRED,
  parent_id INTEGER NOT NULL REFERENCES record (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
INSERT INTO "record_parent" VALUES(1,3,2,NULL,1795814090255353);
CREATE TABLE record_project (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES project (id) DEFERRABLE INITIALLY DEFERRED,
  record_id INTEGER NOT NULL REFERENCES record (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
CREATE TABLE record_ulabel (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  record_id INTEGER NOT NULL REFERENCES record (id) DEFERRABLE INITIALLY DEFERRED,
  ulabel_id INTEGER NOT NULL REFERENCES ulabel (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
CREATE TABLE record_value (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  owner_id INTEGER NOT NULL REFERENCES record (id) DEFERRABLE INITIALLY DEFERRED,
  feature_id INTEGER NOT NULL REFERENCES feature (id) DEFERRABLE INITIALLY DEFERRED,
  place INTEGER NOT NULL,
  kind TEXT NOT NULL,
  whole INTEGER,
  number REAL,
  text TEXT,
  rest TEXT
);
CREATE TABLE removed_version (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  stem TEXT NOT NULL UNIQUE,
  uid TEXT NOT NULL
);
CREATE TABLE replica (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash TEXT NOT NULL,
  storage_id INTEGER NOT NULL REFERENCES storage (id) DEFERRABLE INITIALLY DEFERRED,
  name TEXT NOT NULL,
  size INTEGER NOT NULL,
  managed BOOLEAN NOT NULL CHECK (managed IN (0, 1)),
  mtime_ns INTEGER,
  created_at INTEGER NOT NULL
);
INSERT INTO "replica" VALUES(1,'6ba383bd16825685e4a74e5de9138bc003b446fda41084a7adc85f71fdd1ff9d',1,'.lamin_lite/blobs/6b/6ba383bd16825685e4a74e5de9138bc003b446fda41084a7adc85f71fdd1ff9d.txt',472,1,NULL,1795814090424750);
INSERT INTO "replica" VALUES(2,'492d5ea496056f1a6a6592241032fab764c321596317930b4fa0e1e8bc3b7470',1,'.lamin_lite/blobs/49/492d5ea496056f1a6a6592241032fab764c321596317930b4fa0e1e8bc3b7470.csv',8,1,NULL,1795814090447423);
INSERT INTO "replica" VALUES(3,'8baab0330389def9ec921e89f5d0f28e41e6b80ce9de95e046df431dfec66925',1,'.lamin_lite/blobs/8b/8baab0330389def9ec921e89f5d0f28e41e6b80ce9de95e046df431dfec66925.csv',8,1,NULL,1795814090456518);
INSERT INTO "replica" VALUES(5,'7d133f6754fdd35824ff35bf24ede886aa124080653a43a0ad4e2e996e173be1',1,'.lamin_lite/blobs/7d/7d133f6754fdd35824ff35bf24ede886aa124080653a43a0ad4e2e996e173be1.manifest',123,1,NULL,1795814090494237);
INSERT INTO "replica" VALUES(7,'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',1,'.lamin_lite/blobs/e3/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.txt',0,1,NULL,1795814090519634);
CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  name TEXT,
  description TEXT,
  entrypoint TEXT,
  status TEXT NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  is_end_estimated BOOLEAN NOT NULL CHECK (is_end_estimated IN (0, 1)),
  exit_code INTEGER,
  params TEXT,
  extra_data TEXT,
  reference TEXT,
  reference_type TEXT,
  cli_args TEXT,
  process_id INTEGER,
  is_locked BOOLEAN NOT NULL CHECK (is_locked IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  branch_id INTEGER NOT NULL REFERENCES branch (id) DEFERRABLE INITIALLY DEFERRED,
  space_id INTEGER NOT NULL REFERENCES space (id) DEFERRABLE INITIALLY DEFERRED,
  transform_id INTEGER NOT NULL REFERENCES transform (id) DEFERRABLE INITIALLY DEFERRED,
  report_id INTEGER REFERENCES artifact (id) DEFERRABLE INITIALLY DEFERRED,
  environment_id INTEGER REFERENCES artifact (id) DEFERRABLE INITIALLY DEFERRED,
  created_by_id INTEGER NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
  initiated_by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "run" VALUES(1,'qWc3KkH6P7sNn4SV',NULL,NULL,NULL,'completed',1795814090427778,1795814090523652,0,NULL,'{"big":1180591620717411303424,"layers":[1,2],"model":{"deep":null,"name":"ada"},"rate":0.5}',NULL,NULL,NULL,NULL,1,0,1795814090427806,1795814090523652,1,2,1,7,1,1,NULL);
INSERT INTO "run" VALUES(2,'xPkYZE9VxOk8K21W',NULL,NULL,'double','completed',1795814090472390,1795814090474564,0,NULL,'{"rows":3}',NULL,NULL,NULL,NULL,1,0,1795814090472430,1795814090474564,1,2,1,NULL,NULL,1,1);
CREATE TABLE run_artifact (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id INTEGER NOT NULL REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  artifact_id INTEGER NOT NULL REFERENCES artifact (id) DEFERRABLE INITIALLY DEFERRED,
  role TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
INSERT INTO "run_artifact" VALUES(1,1,2,'created',1795814090447799);
INSERT INTO "run_artifact" VALUES(2,1,3,'created',1795814090456870);
INSERT INTO "run_artifact" VALUES(3,2,4,'created',1795814090473908);
INSERT INTO "run_artifact" VALUES(4,1,5,'created',1795814090494476);
INSERT INTO "run_artifact" VALUES(5,1,6,'created',1795814090504268);
CREATE TABLE run_collection (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id INTEGER NOT NULL REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  collection_id INTEGER NOT NULL REFERENCES collection (id) DEFERRABLE INITIALLY DEFERRED,
  role TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
INSERT INTO "run_collection" VALUES(1,1,1,'created',1795814090500476);
CREATE TABLE run_param (owner_id INTEGER NOT NULL REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED, path TEXT NOT NULL, kind TEXT NOT NULL, number REAL, text TEXT, PRIMARY KEY (owner_id, path)) WITHOUT ROWID;
INSERT INTO "run_param" VALUES(1,'big','big',NULL,'1180591620717411303424');
INSERT INTO "run_param" VALUES(1,'layers0','number',1.0,NULL);
INSERT INTO "run_param" VALUES(1,'layers1','number',2.0,NULL);
INSERT INTO "run_param" VALUES(1,'modeldeep','null',NULL,NULL);
INSERT INTO "run_param" VALUES(1,'modelname','text',NULL,'ada');
INSERT INTO "run_param" VALUES(1,'rate','number',0.5,NULL);
INSERT INTO "run_param" VALUES(2,'rows','number',3.0,NULL);
CREATE TABLE run_project (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES project (id) DEFERRABLE INITIALLY DEFERRED,
  run_id INTEGER NOT NULL REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
INSERT INTO "run_project" VALUES(1,1,1,1,1795814090428242);
INSERT INTO "run_project" VALUES(2,1,2,2,1795814090472582);
CREATE TABLE run_record (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  record_id INTEGER NOT NULL REFERENCES record (id) DEFERRABLE INITIALLY DEFERRED,
  run_id INTEGER NOT NULL REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
CREATE TABLE run_ulabel (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  ulabel_id INTEGER NOT NULL REFERENCES ulabel (id) DEFERRABLE INITIALLY DEFERRED,
  run_id INTEGER NOT NULL REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
CREATE TABLE run_value (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  owner_id INTEGER NOT NULL REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  feature_id INTEGER NOT NULL REFERENCES feature (id) DEFERRABLE INITIALLY DEFERRED,
  place INTEGER NOT NULL,
  kind TEXT NOT NULL,
  whole INTEGER,
  number REAL,
  text TEXT,
  rest TEXT
);
INSERT INTO "run_value" VALUES(1,1,1,0,'float',NULL,21.5,NULL,NULL);
INSERT INTO "run_value" VALUES(2,1,2,0,'row',3,NULL,NULL,NULL);
CREATE TABLE space (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  description TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER,
  created_by_id INTEGER REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "space" VALUES(1,'aaaaaaaaaaaa','all',NULL,1795814090220459,NULL,NULL);
INSERT INTO "space" VALUES(2,'Juoi6NL0A5FU','Team',NULL,1795814090261313,1795814090261313,1);
CREATE TABLE storage (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  root TEXT NOT NULL UNIQUE,
  description TEXT,
  type TEXT NOT NULL,
  region TEXT,
  instance_uid TEXT,
  is_locked BOOLEAN NOT NULL CHECK (is_locked IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  branch_id INTEGER NOT NULL REFERENCES branch (id) DEFERRABLE INITIALLY DEFERRED,
  space_id INTEGER NOT NULL REFERENCES space (id) DEFERRABLE INITIALLY DEFERRED,
  created_by_id INTEGER NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "storage" VALUES(1,'S6bkHSHEULHn','.',NULL,'local',NULL,'Cl5VPiwH5DIE',0,1795814090220459,1795814090220459,1,1,1);
CREATE TABLE transform (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  key TEXT,
  key_fold TEXT,
  stem TEXT NOT NULL,
  description TEXT,
  kind TEXT NOT NULL,
  hash TEXT,
  reference TEXT,
  reference_type TEXT,
  origin TEXT NOT NULL,
  version_tag TEXT,
  is_latest BOOLEAN NOT NULL CHECK (is_latest IN (0, 1)),
  is_locked BOOLEAN NOT NULL CHECK (is_locked IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  branch_id INTEGER NOT NULL REFERENCES branch (id) DEFERRABLE INITIALLY DEFERRED,
  space_id INTEGER NOT NULL REFERENCES space (id) DEFERRABLE INITIALLY DEFERRED,
  run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_by_id INTEGER NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
  source_code TEXT
);
INSERT INTO "transform" VALUES(1,'YmPxj9BJC4qp0000','script.py','script.py','YmPxj9BJC4qp',NULL,'script','cf03eaa2f6757ae81ff92d54ada8ddc3940c630d566a40b47c0a6d3619ea44bc',NULL,NULL,'./script.py',NULL,1,0,1795814090357040,1795814090357040,1,2,NULL,1,'
import lamin_lite as ln

@ln.step()
def double(rows: int = 2):
    ln.Artifact("table.csv", key="double.csv").save()

ln.track(
    params={"rate": 0.5, "layers": [1, 2], "model": {"name": "ada", "deep": None}, "big": 2**70},
    features={"temperature": 21.5, "sample": "S1"},
    project="Frozen",
    space="Team",
)
open("table.csv", "w").write("a,b\n1,2\n")
first = ln.Artifact("table.csv", key="table.csv", description="the first").save()
open("table.csv", "w").write("a,b\n1,3\n")
second = ln.Artifact("table.csv", key="table.csv").save()
first.load()
double(rows=3)
ln.Artifact("folder", key="folder").save()
ln.Collection([first, second], key="both").save()
ln.Artifact("table.csv", key="gone.csv").save().delete()
second.features.add_values({"temperature": 20.0})
second.ulabels.add(ln.ULabel(name="checked").save())
ln.finish()
');
CREATE TABLE transform_project (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES project (id) DEFERRABLE INITIALLY DEFERRED,
  transform_id INTEGER NOT NULL REFERENCES transform (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
INSERT INTO "transform_project" VALUES(1,1,1,1,1795814090428242);
CREATE TABLE transform_record (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  record_id INTEGER NOT NULL REFERENCES record (id) DEFERRABLE INITIALLY DEFERRED,
  transform_id INTEGER NOT NULL REFERENCES transform (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
CREATE TABLE transform_ulabel (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  ulabel_id INTEGER NOT NULL REFERENCES ulabel (id) DEFERRABLE INITIALLY DEFERRED,
  transform_id INTEGER NOT NULL REFERENCES transform (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
CREATE TABLE ulabel (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  name TEXT,
  name_fold TEXT,
  description TEXT,
  reference TEXT,
  reference_type TEXT,
  is_locked BOOLEAN NOT NULL CHECK (is_locked IN (0, 1)),
  is_type BOOLEAN NOT NULL CHECK (is_type IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  branch_id INTEGER NOT NULL REFERENCES branch (id) DEFERRABLE INITIALLY DEFERRED,
  space_id INTEGER NOT NULL REFERENCES space (id) DEFERRABLE INITIALLY DEFERRED,
  run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_by_id INTEGER NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
  type_id INTEGER REFERENCES ulabel (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "ulabel" VALUES(1,'YGz4mf7r','checked','checked',NULL,NULL,NULL,0,0,1795814090508006,1795814090508006,1,2,1,1,NULL);
CREATE TABLE ulabel_parent (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  child_id INTEGER NOT NULL REFERENCES ulabel (id) DEFERRABLE INITIALLY DEFERRED,
  parent_id INTEGER NOT NULL REFERENCES ulabel (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
CREATE TABLE ulabel_project (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES project (id) DEFERRABLE INITIALLY DEFERRED,
  ulabel_id INTEGER NOT NULL REFERENCES ulabel (id) DEFERRABLE INITIALLY DEFERRED,
  by_run_id INTEGER REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED,
  created_at INTEGER NOT NULL
);
INSERT INTO "ulabel_project" VALUES(1,1,1,1,1795814090508179);
CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  handle TEXT NOT NULL UNIQUE,
  name TEXT,
  created_at INTEGER NOT NULL
);
INSERT INTO "users" VALUES(1,'u1OcaNPd','root',NULL,1795814090220459);
CREATE INDEX space_created_by_id ON space (created_by_id) WHERE created_by_id IS NOT NULL;
CREATE INDEX branch_created_by_id ON branch (created_by_id) WHERE created_by_id IS NOT NULL;
CREATE INDEX storage_created_by_id ON storage (created_by_id);
CREATE INDEX transform_key_fold ON transform (key_fold);
CREATE INDEX transform_run_id ON transform (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX transform_created_by_id ON transform (created_by_id);
CREATE UNIQUE INDEX transform_latest ON transform (stem, branch_id) WHERE is_latest = 1;
CREATE UNIQUE INDEX transform_family ON transform (key, origin, branch_id) WHERE is_latest = 1 AND branch_id <> -1;
CREATE INDEX transform_key ON transform (key, origin);
CREATE INDEX transform_stem ON transform (stem);
CREATE INDEX transform_hash ON transform (hash);
CREATE INDEX transform_created ON transform (created_at);
CREATE INDEX transform_origin ON transform (origin);
CREATE INDEX transform_of_run ON transform (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX run_transform_id ON run (transform_id);
CREATE INDEX run_report_id ON run (report_id) WHERE report_id IS NOT NULL;
CREATE INDEX run_environment_id ON run (environment_id) WHERE environment_id IS NOT NULL;
CREATE INDEX run_created_by_id ON run (created_by_id);
CREATE INDEX run_initiated_by_run_id ON run (initiated_by_run_id) WHERE initiated_by_run_id IS NOT NULL;
CREATE INDEX run_started ON run (started_at);
CREATE INDEX run_of_transform ON run (transform_id, started_at);
CREATE INDEX run_status ON run (status);
CREATE UNIQUE INDEX run_reference ON run (reference_type, reference) WHERE reference IS NOT NULL;
CREATE INDEX artifact_key_fold ON artifact (key_fold);
CREATE INDEX artifact_run_id ON artifact (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX artifact_created_by_id ON artifact (created_by_id);
CREATE UNIQUE INDEX artifact_latest ON artifact (stem, branch_id) WHERE is_latest = 1;
CREATE UNIQUE INDEX artifact_family ON artifact (key, branch_id) WHERE is_latest = 1 AND branch_id <> -1;
CREATE INDEX artifact_key ON artifact (key);
CREATE INDEX artifact_stem ON artifact (stem);
CREATE INDEX artifact_hash ON artifact (hash);
CREATE INDEX artifact_created ON artifact (created_at);
CREATE INDEX artifact_run_files ON artifact (description) WHERE kind = '__lamin_lite_run__';
CREATE INDEX collection_key_fold ON collection (key_fold);
CREATE INDEX collection_run_id ON collection (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX collection_created_by_id ON collection (created_by_id);
CREATE UNIQUE INDEX collection_latest ON collection (stem, branch_id) WHERE is_latest = 1;
CREATE UNIQUE INDEX collection_family ON collection (key, branch_id) WHERE is_latest = 1 AND branch_id <> -1;
CREATE INDEX collection_key ON collection (key);
CREATE INDEX collection_stem ON collection (stem);
CREATE INDEX collection_hash ON collection (hash);
CREATE INDEX collection_created ON collection (created_at);
CREATE INDEX project_name_fold ON project (name_fold);
CREATE INDEX project_run_id ON project (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX project_created_by_id ON project (created_by_id);
CREATE INDEX project_type_id ON project (type_id) WHERE type_id IS NOT NULL;
CREATE UNIQUE INDEX project_name_in_type ON project (coalesce(type_id, 0), name) WHERE branch_id <> -1;
CREATE INDEX project_name ON project (name);
CREATE INDEX project_of_run ON project (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX ulabel_name_fold ON ulabel (name_fold);
CREATE INDEX ulabel_run_id ON ulabel (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX ulabel_created_by_id ON ulabel (created_by_id);
CREATE INDEX ulabel_type_id ON ulabel (type_id) WHERE type_id IS NOT NULL;
CREATE UNIQUE INDEX ulabel_name_in_type ON ulabel (coalesce(type_id, 0), name) WHERE branch_id <> -1;
CREATE INDEX ulabel_name ON ulabel (name);
CREATE INDEX ulabel_of_run ON ulabel (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX record_name_fold ON record (name_fold);
CREATE INDEX record_run_id ON record (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX record_created_by_id ON record (created_by_id);
CREATE INDEX record_type_id ON record (type_id) WHERE type_id IS NOT NULL;
CREATE UNIQUE INDEX record_name_in_type ON record (coalesce(type_id, 0), name) WHERE branch_id <> -1;
CREATE INDEX record_name ON record (name);
CREATE INDEX record_of_run ON record (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX feature_name_fold ON feature (name_fold);
CREATE INDEX feature_run_id ON feature (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX feature_created_by_id ON feature (created_by_id);
CREATE INDEX feature_type_id ON feature (type_id) WHERE type_id IS NOT NULL;
CREATE UNIQUE INDEX feature_name ON feature (name) WHERE branch_id <> -1;
CREATE INDEX feature_any_name ON feature (name);
CREATE INDEX feature_of_run ON feature (run_id) WHERE run_id IS NOT NULL;
CREATE UNIQUE INDEX replica_place ON replica (storage_id, name, hash);
CREATE INDEX replica_hash ON replica (hash);
CREATE INDEX run_artifact_artifact_id ON run_artifact (artifact_id);
CREATE UNIQUE INDEX run_artifact_link ON run_artifact (run_id, artifact_id, role);
CREATE INDEX run_param_number ON run_param (path, kind, number, owner_id);
CREATE INDEX run_param_text ON run_param (path, kind, text, owner_id) WHERE text IS NOT NULL;
CREATE INDEX environment_seen_artifact_id ON environment_seen (artifact_id);
CREATE UNIQUE INDEX collection_artifact_place ON collection_artifact (collection_id, place);
CREATE UNIQUE INDEX collection_artifact_link ON collection_artifact (artifact_id, collection_id);
CREATE INDEX run_collection_collection_id ON run_collection (collection_id);
CREATE UNIQUE INDEX run_collection_link ON run_collection (run_id, collection_id, role);
CREATE INDEX run_value_feature_id ON run_value (feature_id);
CREATE INDEX run_value_whole ON run_value (feature_id, whole, owner_id) WHERE whole IS NOT NULL;
CREATE INDEX run_value_number ON run_value (feature_id, number, owner_id) WHERE number IS NOT NULL;
CREATE INDEX run_value_text ON run_value (feature_id, text, owner_id) WHERE text IS NOT NULL;
CREATE UNIQUE INDEX run_value_place ON run_value (owner_id, feature_id, place);
CREATE INDEX artifact_value_feature_id ON artifact_value (feature_id);
CREATE INDEX artifact_value_whole ON artifact_value (feature_id, whole, owner_id) WHERE whole IS NOT NULL;
CREATE INDEX artifact_value_number ON artifact_value (feature_id, number, owner_id) WHERE number IS NOT NULL;
CREATE INDEX artifact_value_text ON artifact_value (feature_id, text, owner_id) WHERE text IS NOT NULL;
CREATE UNIQUE INDEX artifact_value_place ON artifact_value (owner_id, feature_id, place);
CREATE INDEX record_value_feature_id ON record_value (feature_id);
CREATE INDEX record_value_whole ON record_value (feature_id, whole, owner_id) WHERE whole IS NOT NULL;
CREATE INDEX record_value_number ON record_value (feature_id, number, owner_id) WHERE number IS NOT NULL;
CREATE INDEX record_value_text ON record_value (feature_id, text, owner_id) WHERE text IS NOT NULL;
CREATE UNIQUE INDEX record_value_place ON record_value (owner_id, feature_id, place);
CREATE INDEX collection_project_project_id ON collection_project (project_id);
CREATE INDEX collection_project_by_run_id ON collection_project (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX collection_project_link ON collection_project (collection_id, project_id);
CREATE INDEX collection_record_record_id ON collection_record (record_id);
CREATE INDEX collection_record_by_run_id ON collection_record (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX collection_record_link ON collection_record (collection_id, record_id);
CREATE INDEX collection_ulabel_ulabel_id ON collection_ulabel (ulabel_id);
CREATE INDEX collection_ulabel_by_run_id ON collection_ulabel (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX collection_ulabel_link ON collection_ulabel (collection_id, ulabel_id);
CREATE INDEX artifact_project_project_id ON artifact_project (project_id);
CREATE INDEX artifact_project_by_run_id ON artifact_project (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX artifact_project_link ON artifact_project (artifact_id, project_id);
CREATE INDEX artifact_record_record_id ON artifact_record (record_id);
CREATE INDEX artifact_record_by_run_id ON artifact_record (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX artifact_record_link ON artifact_record (artifact_id, record_id);
CREATE INDEX artifact_ulabel_ulabel_id ON artifact_ulabel (ulabel_id);
CREATE INDEX artifact_ulabel_by_run_id ON artifact_ulabel (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX artifact_ulabel_link ON artifact_ulabel (artifact_id, ulabel_id);
CREATE INDEX transform_project_transform_id ON transform_project (transform_id);
CREATE INDEX transform_project_by_run_id ON transform_project (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX transform_project_link ON transform_project (project_id, transform_id);
CREATE INDEX run_project_run_id ON run_project (run_id);
CREATE INDEX run_project_by_run_id ON run_project (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX run_project_link ON run_project (project_id, run_id);
CREATE INDEX record_project_record_id ON record_project (record_id);
CREATE INDEX record_project_by_run_id ON record_project (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX record_project_link ON record_project (project_id, record_id);
CREATE INDEX feature_project_feature_id ON feature_project (feature_id);
CREATE INDEX feature_project_by_run_id ON feature_project (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX feature_project_link ON feature_project (project_id, feature_id);
CREATE INDEX ulabel_project_ulabel_id ON ulabel_project (ulabel_id);
CREATE INDEX ulabel_project_by_run_id ON ulabel_project (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX ulabel_project_link ON ulabel_project (project_id, ulabel_id);
CREATE INDEX project_parent_parent_id ON project_parent (parent_id);
CREATE INDEX project_parent_by_run_id ON project_parent (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX project_parent_link ON project_parent (child_id, parent_id);
CREATE INDEX record_ulabel_ulabel_id ON record_ulabel (ulabel_id);
CREATE INDEX record_ulabel_by_run_id ON record_ulabel (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX record_ulabel_link ON record_ulabel (record_id, ulabel_id);
CREATE INDEX transform_record_transform_id ON transform_record (transform_id);
CREATE INDEX transform_record_by_run_id ON transform_record (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX transform_record_link ON transform_record (record_id, transform_id);
CREATE INDEX run_record_run_id ON run_record (run_id);
CREATE INDEX run_record_by_run_id ON run_record (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX run_record_link ON run_record (record_id, run_id);
CREATE INDEX record_parent_parent_id ON record_parent (parent_id);
CREATE INDEX record_parent_by_run_id ON record_parent (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX record_parent_link ON record_parent (child_id, parent_id);
CREATE INDEX transform_ulabel_transform_id ON transform_ulabel (transform_id);
CREATE INDEX transform_ulabel_by_run_id ON transform_ulabel (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX transform_ulabel_link ON transform_ulabel (ulabel_id, transform_id);
CREATE INDEX run_ulabel_run_id ON run_ulabel (run_id);
CREATE INDEX run_ulabel_by_run_id ON run_ulabel (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX run_ulabel_link ON run_ulabel (ulabel_id, run_id);
CREATE INDEX ulabel_parent_parent_id ON ulabel_parent (parent_id);
CREATE INDEX ulabel_parent_by_run_id ON ulabel_parent (by_run_id) WHERE by_run_id IS NOT NULL;
CREATE UNIQUE INDEX ulabel_parent_link ON ulabel_parent (child_id, parent_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('branch',1);
INSERT INTO "sqlite_sequence" VALUES('space',2);
INSERT INTO "sqlite_sequence" VALUES('users',1);
INSERT INTO "sqlite_sequence" VALUES('storage',1);
INSERT INTO "sqlite_sequence" VALUES('record',3);
INSERT INTO "sqlite_sequence" VALUES('record_parent',1);
INSERT INTO "sqlite_sequence" VALUES('feature',2);
INSERT INTO "sqlite_sequence" VALUES('project',1);
INSERT INTO "sqlite_sequence" VALUES('transform',1);
INSERT INTO "sqlite_sequence" VALUES('replica',7);
INSERT INTO "sqlite_sequence" VALUES('artifact',7);
INSERT INTO "sqlite_sequence" VALUES('environment_seen',1);
INSERT INTO "sqlite_sequence" VALUES('process',1);
INSERT INTO "sqlite_sequence" VALUES('run',2);
INSERT INTO "sqlite_sequence" VALUES('run_project',2);
INSERT INTO "sqlite_sequence" VALUES('transform_project',2);
INSERT INTO "sqlite_sequence" VALUES('run_value',2);
INSERT INTO "sqlite_sequence" VALUES('artifact_project',5);
INSERT INTO "sqlite_sequence" VALUES('run_artifact',5);
INSERT INTO "sqlite_sequence" VALUES('collection',1);
INSERT INTO "sqlite_sequence" VALUES('collection_project',2);
INSERT INTO "sqlite_sequence" VALUES('collection_artifact',2);
INSERT INTO "sqlite_sequence" VALUES('run_collection',1);
INSERT INTO "sqlite_sequence" VALUES('artifact_value',1);
INSERT INTO "sqlite_sequence" VALUES('ulabel',1);
INSERT INTO "sqlite_sequence" VALUES('ulabel_project',1);
INSERT INTO "sqlite_sequence" VALUES('artifact_ulabel',1);
COMMIT;
