BEGIN TRANSACTION;
CREATE TABLE accounts (
	name VARCHAR(128) NOT NULL, 
	password_hash VARCHAR(256) NOT NULL, 
	role VARCHAR(32) NOT NULL, 
	demo BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	closed_at DATETIME, 
	CONSTRAINT pk_accounts PRIMARY KEY (name)
);
INSERT INTO "accounts" VALUES('ann','none','reviewer',0,'2026-01-05 13:24:00.000000',NULL);
INSERT INTO "accounts" VALUES('lea','none','qa_lead',0,'2026-01-05 13:24:00.000000',NULL);
INSERT INTO "accounts" VALUES('gone','none','operator',0,'2026-01-05 13:24:00.000000','2026-01-05 13:00:00.000000');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE cases (
	inspection_id VARCHAR(128) NOT NULL, 
	stake FLOAT NOT NULL, 
	rank FLOAT NOT NULL, 
	opened_at DATETIME NOT NULL, 
	closed_at DATETIME, 
	holder VARCHAR(128), 
	held_until DATETIME, 
	CONSTRAINT pk_cases PRIMARY KEY (inspection_id), 
	CONSTRAINT fk_cases_holder_accounts FOREIGN KEY(holder) REFERENCES accounts (name), 
	CONSTRAINT fk_cases_inspection_id_inspections FOREIGN KEY(inspection_id) REFERENCES inspections (inspection_id)
);
INSERT INTO "cases" VALUES('00000000-1111-4111-8111-111111111111',1.572,-491002.428,'2026-01-05 12:00:00.000000',NULL,'lea','2026-01-05 13:32:00.000000');
INSERT INTO "cases" VALUES('00000001-1111-4111-8111-111111111111',2.5184,-4.91001598266666638677e+05,'2026-01-05 12:07:00.000000','2026-01-05 13:25:00.000000',NULL,NULL);
INSERT INTO "cases" VALUES('00000002-1111-4111-8111-111111111111',2.7368,-4.91001496533333323894e+05,'2026-01-05 12:14:00.000000','2026-01-05 13:24:00.000000',NULL,NULL);
INSERT INTO "cases" VALUES('00000003-1111-4111-8111-111111111111',1.572,-491002.778,'2026-01-05 12:21:00.000000',NULL,NULL,NULL);
INSERT INTO "cases" VALUES('00000004-1111-4111-8111-111111111111',2.272,-4.91002194666666677211e+05,'2026-01-05 12:28:00.000000','2026-01-05 13:26:00.000000',NULL,NULL);
INSERT INTO "cases" VALUES('00000005-1111-4111-8111-111111111111',2.122,-4.91002461333333339995e+05,'2026-01-05 12:35:00.000000',NULL,'ann','2026-01-05 13:32:00.000000');
INSERT INTO "cases" VALUES('00000006-1111-4111-8111-111111111111',1.572,-491003.128,'2026-01-05 12:42:00.000000',NULL,NULL,NULL);
INSERT INTO "cases" VALUES('00000007-1111-4111-8111-111111111111',1.822,-4.91002994666666665564e+05,'2026-01-05 12:49:00.000000',NULL,NULL,NULL);
INSERT INTO "cases" VALUES('00000008-1111-4111-8111-111111111111',1.672,-4.91003261333333328349e+05,'2026-01-05 12:56:00.000000',NULL,NULL,NULL);
INSERT INTO "cases" VALUES('00000009-1111-4111-8111-111111111111',1.572,-491003.478,'2026-01-05 13:03:00.000000',NULL,NULL,NULL);
INSERT INTO "cases" VALUES('00000010-1111-4111-8111-111111111111',1.372,-4.91003794666666712161e+05,'2026-01-05 13:10:00.000000',NULL,NULL,NULL);
INSERT INTO "cases" VALUES('00000011-1111-4111-8111-111111111111',1.222,-4.91004061333333316746e+05,'2026-01-05 13:17:00.000000',NULL,NULL,NULL);
INSERT INTO "cases" VALUES('00000050-1111-4111-8111-111111111111',1.572,-491003.878,'2026-01-05 13:27:00.000000',NULL,NULL,NULL);
CREATE TABLE decisions (
	decision_id VARCHAR(128) NOT NULL, 
	inspection_id VARCHAR(128) NOT NULL, 
	supersedes VARCHAR(128), 
	record TEXT NOT NULL, 
	decided_at DATETIME NOT NULL, 
	CONSTRAINT pk_decisions PRIMARY KEY (decision_id), 
	CONSTRAINT fk_decisions_inspection_id_inspections FOREIGN KEY(inspection_id) REFERENCES inspections (inspection_id), 
	CONSTRAINT fk_decisions_supersedes_decisions FOREIGN KEY(supersedes) REFERENCES decisions (decision_id), 
	CONSTRAINT uq_decisions_supersedes UNIQUE (supersedes)
);
INSERT INTO "decisions" VALUES('24e74152-6ed9-43af-831b-4c9d8cae82bc','00000002-1111-4111-8111-111111111111',NULL,'{"decided_at":"2026-01-05T13:24:00Z","decided_by":"ann","decision_id":"24e74152-6ed9-43af-831b-4c9d8cae82bc","disposition":"resell","grade":"B","inspection_id":"00000002-1111-4111-8111-111111111111","opinions":["78f45b11-6584-400c-90f2-76e6d3833ea2"],"supersedes":null}','2026-01-05 13:24:00.000000');
INSERT INTO "decisions" VALUES('9cb1795c-1059-4fb8-ad19-1d881ee71e32','00000001-1111-4111-8111-111111111111',NULL,'{"decided_at":"2026-01-05T13:25:00Z","decided_by":"ann","decision_id":"9cb1795c-1059-4fb8-ad19-1d881ee71e32","disposition":"donate","grade":"C","inspection_id":"00000001-1111-4111-8111-111111111111","opinions":["8db3436f-ac3a-4448-9e8f-9cfcb9d733b8"],"supersedes":null}','2026-01-05 13:25:00.000000');
INSERT INTO "decisions" VALUES('89f8f723-5828-4ea3-b699-692ace5142e4','00000004-1111-4111-8111-111111111111',NULL,'{"decided_at":"2026-01-05T13:26:00Z","decided_by":"ann","decision_id":"89f8f723-5828-4ea3-b699-692ace5142e4","disposition":"scrap","grade":"D","inspection_id":"00000004-1111-4111-8111-111111111111","opinions":["9bedf33f-e3d0-435c-aec0-27eb684ce4e0"],"supersedes":null}','2026-01-05 13:26:00.000000');
CREATE TABLE failed_attempts (
	attempt INTEGER NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	address VARCHAR(64) NOT NULL, 
	failed_at DATETIME NOT NULL, 
	CONSTRAINT pk_failed_attempts PRIMARY KEY (attempt)
);
INSERT INTO "failed_attempts" VALUES(1,'ann','10.0.0.9','2026-01-05 12:59:00.000000');
CREATE TABLE inspection_photos (
	inspection_id VARCHAR(128) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_inspection_photos PRIMARY KEY (inspection_id, sha256), 
	CONSTRAINT fk_inspection_photos_inspection_id_inspections FOREIGN KEY(inspection_id) REFERENCES inspections (inspection_id), 
	CONSTRAINT fk_inspection_photos_sha256_photos FOREIGN KEY(sha256) REFERENCES photos (sha256)
);
INSERT INTO "inspection_photos" VALUES('00000000-1111-4111-8111-111111111111','7de4c3185d2e4e66331ae0a64615327e2996e3ab765af766f10a17df8a8f9dc5');
INSERT INTO "inspection_photos" VALUES('00000000-1111-4111-8111-111111111111','be5aede73e7c6ce136e09bc734a322e0ce1038e6494ae1d4d3404bd3e9f75e93');
INSERT INTO "inspection_photos" VALUES('00000001-1111-4111-8111-111111111111','7fa6951248e65017801d99b8b29f4029994f563f5e51929d5f1e5e125a2850f1');
INSERT INTO "inspection_photos" VALUES('00000001-1111-4111-8111-111111111111','95b311f153e841cfa243cad47377b16ebc68dd4c99f830cc40de8c0c27367a63');
INSERT INTO "inspection_photos" VALUES('00000002-1111-4111-8111-111111111111','6983ad86ed856c846a275c973ff2fc9e75ca3d1d8d8436ccaf9b03bb0f0f2a2a');
INSERT INTO "inspection_photos" VALUES('00000002-1111-4111-8111-111111111111','d737ca2ecd2fbf471c414a45d7119fc9bef7c15584fa32ffd690c7d70b5c6178');
INSERT INTO "inspection_photos" VALUES('00000003-1111-4111-8111-111111111111','40cfd676caf457b5bd8ace2518cc54adc1548912f9aab638f2ad4b2fb4a0f84d');
INSERT INTO "inspection_photos" VALUES('00000003-1111-4111-8111-111111111111','541f7488cca4bb4e9ae6fcca21209d5540d39ba511865ecd50f3c32f8df155ed');
INSERT INTO "inspection_photos" VALUES('00000004-1111-4111-8111-111111111111','ca49036dbaa0df2f0b397072234750367a3341ffd970052a2fe26a376b91c876');
INSERT INTO "inspection_photos" VALUES('00000004-1111-4111-8111-111111111111','d0e7ddc1e949e8b9a7bca8b98747ba2ae2a460d0db8d33751b1bccb0ae84b46f');
INSERT INTO "inspection_photos" VALUES('00000005-1111-4111-8111-111111111111','720c73dcb957517fd6575654dfb8120e0b05541e79502ede7908c0167a1639a8');
INSERT INTO "inspection_photos" VALUES('00000005-1111-4111-8111-111111111111','e0842c99ba0c040aaaa2af321066bc8a118c494f8718fe77f541bf706c4449b9');
INSERT INTO "inspection_photos" VALUES('00000006-1111-4111-8111-111111111111','02126fe561ad130c0c3b29def3fac50097d770278725b1f6e67ac84d671025ec');
INSERT INTO "inspection_photos" VALUES('00000006-1111-4111-8111-111111111111','23afbe27f2ca73b088df65945b9cd6f3dc91b2bc9f7cdee2dc1654217bac6bc1');
INSERT INTO "inspection_photos" VALUES('00000007-1111-4111-8111-111111111111','17a6b5f45e50503fe6c9a52f28dc67e12f18d635c648720bf5d7f524d84c93a8');
INSERT INTO "inspection_photos" VALUES('00000007-1111-4111-8111-111111111111','3c28b2f95e5501c03fe986e3fa1f4764c82505a64673f1ced045b65e2aa52d4c');
INSERT INTO "inspection_photos" VALUES('00000008-1111-4111-8111-111111111111','5ad03a4f646501816c3c774e29bbeb00f57ddcb19f606948de098c0257463de0');
INSERT INTO "inspection_photos" VALUES('00000008-1111-4111-8111-111111111111','d13acd9bf476677f9e430e9f638acb9b22e53e7db2b28fbc13ce53a14f09bdcd');
INSERT INTO "inspection_photos" VALUES('00000009-1111-4111-8111-111111111111','d2e4ed4504d809b45f3c266bee19f7d067377cd3877882a90dcfd6c25d4708eb');
INSERT INTO "inspection_photos" VALUES('00000009-1111-4111-8111-111111111111','e763986fee4e337864538a8a5f12608d698defb279de303c9bad9f27b637fb81');
INSERT INTO "inspection_photos" VALUES('00000010-1111-4111-8111-111111111111','7b2d89c4ca0a48b82801be08944a17c2fbb8468ddd48051d95f3c2d1cef9b5e0');
INSERT INTO "inspection_photos" VALUES('00000010-1111-4111-8111-111111111111','eee7806e5d1dd07bfd5f876fe29fde20d1a860f2e3aad92e6a24405433fdbeaa');
INSERT INTO "inspection_photos" VALUES('00000011-1111-4111-8111-111111111111','4a83b821af628dbad6a7747dee6a7ab9238862ef2cc97c8b92c4314af39a9bab');
INSERT INTO "inspection_photos" VALUES('00000011-1111-4111-8111-111111111111','a0a1a8be21a996a436dd8abaa23ff49fa94407dce24840289906e1c35fa05fa2');
INSERT INTO "inspection_photos" VALUES('00000050-1111-4111-8111-111111111111','dc1422b9e509fc26c071729c65bb2e6edb4ed432712a41bcf9605d208b75a48c');
CREATE TABLE inspections (
	inspection_id VARCHAR(128) NOT NULL, 
	content_sha256 VARCHAR(64) NOT NULL, 
	supersedes VARCHAR(128), 
	return_code VARCHAR(200) NOT NULL, 
	station VARCHAR(128) NOT NULL, 
	record TEXT NOT NULL, 
	received_at DATETIME NOT NULL, 
	CONSTRAINT pk_inspections PRIMARY KEY (inspection_id)
);
INSERT INTO "inspections" VALUES('00000000-1111-4111-8111-111111111111','ba1c34e8c9006697d7d4b0e195901eeb21bdcae0f68b1352d42ec581e375b5a7',NULL,'退货-000é','bench-1','{"answers":[],"category":"apparel","findings":[],"finished_at":"2026-01-05T12:00:00Z","inspection_id":"00000000-1111-4111-8111-111111111111","judgement":{"clauses":[],"disposition":"resell","expected_value":{"donate":1.0,"resell":12.0},"gates":[],"grade":{"A":0.1,"B":0.7,"C":0.2},"scores":{"appearance":70.0}},"not_assessable":[],"not_seen":[],"operator":null,"photos":[{"faults":[],"height":480,"insisted":false,"media_type":"image/jpeg","sha256":"7de4c3185d2e4e66331ae0a64615327e2996e3ab765af766f10a17df8a8f9dc5","shot":"front","size_bytes":54,"taken_at":"2026-01-05T12:00:00Z","thumbnail_sha256":"be5aede73e7c6ce136e09bc734a322e0ce1038e6494ae1d4d3404bd3e9f75e93","width":640}],"releases":[],"return_code":"退货-000é","routing":{"policy":"default@1","reasons":[],"stake":0.0,"to":"automatic"},"standard":"apparel@1","started_at":"2026-01-05T12:00:00Z","station":"bench-1","supersedes":null}','2026-01-05 12:00:00.000000');
INSERT INTO "inspections" VALUES('00000001-1111-4111-8111-111111111111','1999e92ac79732399c2320fe293accb62a163b194a5d6c69e2c19da603ed2529',NULL,'RT-0001','bench-1','{"answers":[],"category":"apparel","findings":[{"defect":"stain","finding_id":"f1","photo_sha256":"95b311f153e841cfa243cad47377b16ebc68dd4c99f830cc40de8c0c27367a63","probability":0.26,"release":"stain@1","shot":"front","size_mm":null,"size_share":0.08,"xyxy":[10.0,10.0,60.0,40.0]}],"finished_at":"2026-01-05T12:00:00Z","inspection_id":"00000001-1111-4111-8111-111111111111","judgement":{"clauses":[],"disposition":"resell","expected_value":{"donate":1.0,"resell":12.0},"gates":[],"grade":{"A":0.1,"B":0.7,"C":0.2},"scores":{"appearance":70.0}},"not_assessable":[],"not_seen":[],"operator":"li.na","photos":[{"faults":[],"height":480,"insisted":false,"media_type":"image/jpeg","sha256":"95b311f153e841cfa243cad47377b16ebc68dd4c99f830cc40de8c0c27367a63","shot":"front","size_bytes":54,"taken_at":"2026-01-05T12:00:00Z","thumbnail_sha256":"7fa6951248e65017801d99b8b29f4029994f563f5e51929d5f1e5e125a2850f1","width":640}],"releases":[],"return_code":"RT-0001","routing":{"policy":"default@1","reasons":[],"stake":0.0,"to":"automatic"},"standard":"apparel@1","started_at":"2026-01-05T12:00:00Z","station":"bench-1","supersedes":null}','2026-01-05 12:07:00.000000');
INSERT INTO "inspections" VALUES('00000002-1111-4111-8111-111111111111','7b2bf5bc4a1dcf7ac5eb3d98891d06881ab4d6d3ccd1c871063b561d92827940',NULL,'RT-0002','bench-1','{"answers":[],"category":"apparel","findings":[{"defect":"stain","finding_id":"f1","photo_sha256":"6983ad86ed856c846a275c973ff2fc9e75ca3d1d8d8436ccaf9b03bb0f0f2a2a","probability":0.32,"release":"stain@1","shot":"front","size_mm":null,"size_share":0.08,"xyxy":[10.0,10.0,60.0,40.0]}],"finished_at":"2026-01-05T12:00:00Z","inspection_id":"00000002-1111-4111-8111-111111111111","judgement":{"clauses":[],"disposition":"resell","expected_value":{"donate":1.0,"resell":12.0},"gates":[],"grade":{"A":0.1,"B":0.7,"C":0.2},"scores":{"appearance":70.0}},"not_assessable":[],"not_seen":[],"operator":null,"photos":[{"faults":[],"height":480,"insisted":false,"media_type":"image/jpeg","sha256":"6983ad86ed856c846a275c973ff2fc9e75ca3d1d8d8436ccaf9b03bb0f0f2a2a","shot":"front","size_bytes":54,"taken_at":"2026-01-05T12:00:00Z","thumbnail_sha256":"d737ca2ecd2fbf471c414a45d7119fc9bef7c15584fa32ffd690c7d70b5c6178","width":640}],"releases":[],"return_code":"RT-0002","routing":{"policy":"default@1","reasons":[],"stake":0.0,"to":"automatic"},"standard":"apparel@1","started_at":"2026-01-05T12:00:00Z","station":"bench-1","supersedes":null}','2026-01-05 12:14:00.000000');
INSERT INTO "inspections" VALUES('00000003-1111-4111-8111-111111111111','2937622943d35fc5657927e1fa270e799b24e1f65ec1d93fb3a520f74ab8d23b',NULL,'RT-0003','bench-1','{"answers":[],"category":"apparel","findings":[],"finished_at":"2026-01-05T12:00:00Z","inspection_id":"00000003-1111-4111-8111-111111111111","judgement":{"clauses":[],"disposition":"resell","expected_value":{"donate":1.0,"resell":12.0},"gates":[],"grade":{"A":0.1,"B":0.7,"C":0.2},"scores":{"appearance":70.0}},"not_assessable":[],"not_seen":[],"operator":"li.na","photos":[{"faults":[],"height":480,"insisted":false,"media_type":"image/jpeg","sha256":"40cfd676caf457b5bd8ace2518cc54adc1548912f9aab638f2ad4b2fb4a0f84d","shot":"front","size_bytes":54,"taken_at":"2026-01-05T12:00:00Z","thumbnail_sha256":"541f7488cca4bb4e9ae6fcca21209d5540d39ba511865ecd50f3c32f8df155ed","width":640}],"releases":[],"return_code":"RT-0003","routing":{"policy":"default@1","reasons":[],"stake":0.0,"to":"automatic"},"standard":"apparel@1","started_at":"2026-01-05T12:00:00Z","station":"bench-1","supersedes":null}','2026-01-05 12:21:00.000000');
INSERT INTO "inspections" VALUES('00000004-1111-4111-8111-111111111111','60ce6995bca13d4f821b36166416ebb74c46c0279036b43c19598cdf0f2669e4',NULL,'退货-004é','bench-1','{"answers":[],"category":"apparel","findings":[{"defect":"stain","finding_id":"f1","photo_sha256":"d0e7ddc1e949e8b9a7bca8b98747ba2ae2a460d0db8d33751b1bccb0ae84b46f","probability":0.44,"release":"stain@1","shot":"front","size_mm":null,"size_share":0.08,"xyxy":[10.0,10.0,60.0,40.0]}],"finished_at":"2026-01-05T12:00:00Z","inspection_id":"00000004-1111-4111-8111-111111111111","judgement":{"clauses":[],"disposition":"resell","expected_value":{"donate":1.0,"resell":12.0},"gates":[],"grade":{"A":0.1,"B":0.7,"C":0.2},"scores":{"appearance":70.0}},"not_assessable":[],"not_seen":[],"operator":null,"photos":[{"faults":[],"height":480,"insisted":false,"media_type":"image/jpeg","sha256":"d0e7ddc1e949e8b9a7bca8b98747ba2ae2a460d0db8d33751b1bccb0ae84b46f","shot":"front","size_bytes":54,"taken_at":"2026-01-05T12:00:00Z","thumbnail_sha256":"ca49036dbaa0df2f0b397072234750367a3341ffd970052a2fe26a376b91c876","width":640}],"releases":[],"return_code":"退货-004é","routing":{"policy":"default@1","reasons":[],"stake":0.0,"to":"automatic"},"standard":"apparel@1","started_at":"2026-01-05T12:00:00Z","station":"bench-1","supersedes":null}','2026-01-05 12:28:00.000000');
INSERT INTO "inspections" VALUES('00000005-1111-4111-8111-111111111111','2ae11cce15147f7eb9de716398d82efa1bf66f5030ff8a063b005f283b733cfe',NULL,'RT-0005','bench-1','{"answers":[],"category":"apparel","findings":[{"defect":"stain","finding_id":"f1","photo_sha256":"720c73dcb957517fd6575654dfb8120e0b05541e79502ede7908c0167a1639a8","probability":0.5,"release":"stain@1","shot":"front","size_mm":null,"size_share":0.08,"xyxy":[10.0,10.0,60.0,40.0]}],"finished_at":"2026-01-05T12:00:00Z","inspection_id":"00000005-1111-4111-8111-111111111111","judgement":{"clauses":[],"disposition":"resell","expected_value":{"donate":1.0,"resell":12.0},"gates":[],"grade":{"A":0.1,"B":0.7,"C":0.2},"scores":{"appearance":70.0}},"not_assessable":[],"not_seen":[],"operator":"li.na","photos":[{"faults":[],"height":480,"insisted":false,"media_type":"image/jpeg","sha256":"720c73dcb957517fd6575654dfb8120e0b05541e79502ede7908c0167a1639a8","shot":"front","size_bytes":54,"taken_at":"2026-01-05T12:00:00Z","thumbnail_sha256":"e0842c99ba0c040aaaa2af321066bc8a118c494f8718fe77f541bf706c4449b9","width":640}],"releases":[],"return_code":"RT-0005","routing":{"policy":"default@1","reasons":[],"stake":0.0,"to":"automatic"},"standard":"apparel@1","started_at":"2026-01-05T12:00:00Z","station":"bench-1","supersedes":null}','2026-01-05 12:35:00.000000');
INSERT INTO "inspections" VALUES('00000006-1111-4111-8111-111111111111','4f9443e2bc9cee9ff703bd42bccfb2b3aaf9532a25666ea91f2f48b68efa4dd2',NULL,'RT-0006','bench-1','{"answers":[],"category":"apparel","findings":[],"finished_at":"2026-01-05T12:00:00Z","inspection_id":"00000006-1111-4111-8111-111111111111","judgement":{"clauses":[],"disposition":"resell","expected_value":{"donate":1.0,"resell":12.0},"gates":[],"grade":{"A":0.1,"B":0.7,"C":0.2},"scores":{"appearance":70.0}},"not_assessable":[],"not_seen":[],"operator":null,"photos":[{"faults":[],"height":480,"insisted":false,"media_type":"image/jpeg","sha256":"23afbe27f2ca73b088df65945b9cd6f3dc91b2bc9f7cdee2dc1654217bac6bc1","shot":"front","size_bytes":54,"taken_at":"2026-01-05T12:00:00Z","thumbnail_sha256":"02126fe561ad130c0c3b29def3fac50097d770278725b1f6e67ac84d671025ec","width":640}],"releases":[],"return_code":"RT-0006","routing":{"policy":"default@1","reasons":[],"stake":0.0,"to":"automatic"},"standard":"apparel@1","started_at":"2026-01-05T12:00:00Z","station":"bench-1","supersedes":null}','2026-01-05 12:42:00.000000');
INSERT INTO "inspections" VALUES('00000007-1111-4111-8111-111111111111','e8cde76548100e383f4d9b628ca64db801c6ddd83b647986ca4397b15954acc8',NULL,'RT-0007','bench-1','{"answers":[],"category":"apparel","findings":[{"defect":"stain","finding_id":"f1","photo_sha256":"3c28b2f95e5501c03fe986e3fa1f4764c82505a64673f1ced045b65e2aa52d4c","probability":0.62,"release":"stain@1","shot":"front","size_mm":null,"size_share":0.08,"xyxy":[10.0,10.0,60.0,40.0]}],"finished_at":"2026-01-05T12:00:00Z","inspection_id":"00000007-1111-4111-8111-111111111111","judgement":{"clauses":[],"disposition":"resell","expected_value":{"donate":1.0,"resell":12.0},"gates":[],"grade":{"A":0.1,"B":0.7,"C":0.2},"scores":{"appearance":70.0}},"not_assessable":[],"not_seen":[],"operator":"li.na","photos":[{"faults":[],"height":480,"insisted":false,"media_type":"image/jpeg","sha256":"3c28b2f95e5501c03fe986e3fa1f4764c82505a64673f1ced045b65e2aa52d4c","shot":"front","size_bytes":54,"taken_at":"2026-01-05T12:00:00Z","thumbnail_sha256":"17a6b5f45e50503fe6c9a52f28dc67e12f18d635c648720bf5d7f524d84c93a8","width":640}],"releases":[],"return_code":"RT-0007","routing":{"policy":"default@1","reasons":[],"stake":0.0,"to":"automatic"},"standard":"apparel@1","started_at":"2026-01-05T12:00:00Z","station":"bench-1","supersedes":null}','2026-01-05 12:49:00.000000');
INSERT INTO "inspections" VALUES('00000008-1111-4111-8111-111111111111','0c84535b32b515a29f088ffd2660f4161a2f1c47ec88abd21707c26c1f02b85c',NULL,'退货-008é','bench-1','{"answers":[],"category":"apparel","findings":[{"defect":"stain","finding_id":"f1","photo_sha256":"5ad03a4f646501816c3c774e29bbeb00f57ddcb19f606948de098c0257463de0","probability":0.6799999999999999,"release":"stain@1","shot":"front","size_mm":null,"size_share":0.08,"xyxy":[10.0,10.0,60.0,40.0]}],"finished_at":"2026-01-05T12:00:00Z","inspection_id":"00000008-1111-4111-8111-111111111111","judgement":{"clauses":[],"disposition":"resell","expected_value":{"donate":1.0,"resell":12.0},"gates":[],"grade":{"A":0.1,"B":0.7,"C":0.2},"scores":{"appearance":70.0}},"not_assessable":[],"not_seen":[],"operator":null,"photos":[{"faults":[],"height":480,"insisted":false,"media_type":"image/jpeg","sha256":"5ad03a4f646501816c3c774e29bbeb00f57ddcb19f606948de098c0257463de0","shot":"front","size_bytes":54,"taken_at":"2026-01-05T12:00:00Z","thumbnail_sha256":"d13acd9bf476677f9e430e9f638acb9b22e53e7db2b28fbc13ce53a14f09bdcd","width":640}],"releases":[],"return_code":"退货-008é","routing":{"policy":"default@1","reasons":[],"stake":0.0,"to":"automatic"},"standard":"apparel@1","started_at":"2026-01-05T12:00:00Z","station":"bench-1","supersedes":null}','2026-01-05 12:56:00.000000');
INSERT INTO "inspections" VALUES('00000009-1111-4111-8111-111111111111','5edd16303cdfaeb7a5e4cfeddb04cef2f3f357242e872c90cdc6e5e0ab005ce4',NULL,'RT-0009','bench-1','{"answers":[],"category":"apparel","findings":[],"finished_at":"2026-01-05T12:00:00Z","inspection_id":"00000009-1111-4111-8111-111111111111","judgement":{"clauses":[],"disposition":"resell","expected_value":{"donate":1.0,"resell":12.0},"gates":[],"grade":{"A":0.1,"B":0.7,"C":0.2},"scores":{"appearance":70.0}},"not_assessable":[],"not_seen":[],"operator":"li.na","photos":[{"faults":[],"height":480,"insisted":false,"media_type":"image/jpeg","sha256":"e763986fee4e337864538a8a5f12608d698defb279de303c9bad9f27b637fb81","shot":"front","size_bytes":54,"taken_at":"2026-01-05T12:00:00Z","thumbnail_sha256":"d2e4ed4504d809b45f3c266bee19f7d067377cd3877882a90dcfd6c25d4708eb","width":640}],"releases":[],"return_code":"RT-0009","routing":{"policy":"default@1","reasons":[],"stake":0.0,"to":"automatic"},"standard":"apparel@1","started_at":"2026-01-05T12:00:00Z","station":"bench-1","supersedes":null}','2026-01-05 13:03:00.000000');
INSERT INTO "inspections" VALUES('00000010-1111-4111-8111-111111111111','6dd5924db45fcf0d5b1b4ccd2e4667eb97d0efbf5d3c584522c7860e97198a0e',NULL,'RT-0010','bench-1','{"answers":[],"category":"apparel","findings":[{"defect":"stain","finding_id":"f1","photo_sha256":"7b2d89c4ca0a48b82801be08944a17c2fbb8468ddd48051d95f3c2d1cef9b5e0","probability":0.8,"release":"stain@1","shot":"front","size_mm":null,"size_share":0.08,"xyxy":[10.0,10.0,60.0,40.0]}],"finished_at":"2026-01-05T12:00:00Z","inspection_id":"00000010-1111-4111-8111-111111111111","judgement":{"clauses":[],"disposition":"resell","expected_value":{"donate":1.0,"resell":12.0},"gates":[],"grade":{"A":0.1,"B":0.7,"C":0.2},"scores":{"appearance":70.0}},"not_assessable":[],"not_seen":[],"operator":null,"photos":[{"faults":[],"height":480,"insisted":false,"media_type":"image/jpeg","sha256":"7b2d89c4ca0a48b82801be08944a17c2fbb8468ddd48051d95f3c2d1cef9b5e0","shot":"front","size_bytes":54,"taken_at":"2026-01-05T12:00:00Z","thumbnail_sha256":"eee7806e5d1dd07bfd5f876fe29fde20d1a860f2e3aad92e6a24405433fdbeaa","width":640}],"releases":[],"return_code":"RT-0010","routing":{"policy":"default@1","reasons":[],"stake":0.0,"to":"automatic"},"standard":"apparel@1","started_at":"2026-01-05T12:00:00Z","station":"bench-1","supersedes":null}','2026-01-05 13:10:00.000000');
INSERT INTO "inspections" VALUES('00000011-1111-4111-8111-111111111111','4e1d5ace2bd38ed12a9adf91253080480ca8b1fc6ceca29bfe37c42da66204f1',NULL,'RT-0011','bench-1','{"answers":[],"category":"apparel","findings":[{"defect":"stain","finding_id":"f1","photo_sha256":"4a83b821af628dbad6a7747dee6a7ab9238862ef2cc97c8b92c4314af39a9bab","probability":0.8599999999999999,"release":"stain@1","shot":"front","size_mm":null,"size_share":0.08,"xyxy":[10.0,10.0,60.0,40.0]}],"finished_at":"2026-01-05T12:00:00Z","inspection_id":"00000011-1111-4111-8111-111111111111","judgement":{"clauses":[],"disposition":"resell","expected_value":{"donate":1.0,"resell":12.0},"gates":[],"grade":{"A":0.1,"B":0.7,"C":0.2},"scores":{"appearance":70.0}},"not_assessable":[],"not_seen":[],"operator":"li.na","photos":[{"faults":[],"height":480,"insisted":false,"media_type":"image/jpeg","sha256":"4a83b821af628dbad6a7747dee6a7ab9238862ef2cc97c8b92c4314af39a9bab","shot":"front","size_bytes":54,"taken_at":"2026-01-05T12:00:00Z","thumbnail_sha256":"a0a1a8be21a996a436dd8abaa23ff49fa94407dce24840289906e1c35fa05fa2","width":640}],"releases":[],"return_code":"RT-0011","routing":{"policy":"default@1","reasons":[],"stake":0.0,"to":"automatic"},"standard":"apparel@1","started_at":"2026-01-05T12:00:00Z","station":"bench-1","supersedes":null}','2026-01-05 13:17:00.000000');
INSERT INTO "inspections" VALUES('00000050-1111-4111-8111-111111111111','99051c24cb8260714288c700752b6cc3efd667d94bf995a7e7dbd26154c31f45','00000001-1111-4111-8111-111111111111','RT-0001','bench-1','{"answers":[],"category":"apparel","findings":[],"finished_at":"2026-01-05T12:00:00Z","inspection_id":"00000050-1111-4111-8111-111111111111","judgement":{"clauses":[],"disposition":"resell","expected_value":{"donate":1.0,"resell":12.0},"gates":[],"grade":{"A":0.1,"B":0.7,"C":0.2},"scores":{"appearance":70.0}},"not_assessable":[],"not_seen":[],"operator":null,"photos":[{"faults":[],"height":480,"insisted":false,"media_type":"image/jpeg","sha256":"dc1422b9e509fc26c071729c65bb2e6edb4ed432712a41bcf9605d208b75a48c","shot":"front","size_bytes":8,"taken_at":"2026-01-05T12:00:00Z","thumbnail_sha256":null,"width":640}],"releases":[],"return_code":"RT-0001","routing":{"policy":"default@1","reasons":[],"stake":0.0,"to":"automatic"},"standard":"apparel@1","started_at":"2026-01-05T12:00:00Z","station":"bench-1","supersedes":"00000001-1111-4111-8111-111111111111"}','2026-01-05 13:27:00.000000');
CREATE TABLE opinions (
	opinion_id VARCHAR(128) NOT NULL, 
	inspection_id VARCHAR(128) NOT NULL, 
	reviewer VARCHAR(128) NOT NULL, 
	record TEXT NOT NULL, 
	given_at DATETIME NOT NULL, 
	CONSTRAINT pk_opinions PRIMARY KEY (opinion_id), 
	CONSTRAINT fk_opinions_inspection_id_inspections FOREIGN KEY(inspection_id) REFERENCES inspections (inspection_id), 
	CONSTRAINT fk_opinions_reviewer_accounts FOREIGN KEY(reviewer) REFERENCES accounts (name)
);
INSERT INTO "opinions" VALUES('78f45b11-6584-400c-90f2-76e6d3833ea2','00000002-1111-4111-8111-111111111111','ann','{"disposition":"resell","given_at":"2026-01-05T13:24:00Z","grade":"B","inspection_id":"00000002-1111-4111-8111-111111111111","note":"","opinion_id":"78f45b11-6584-400c-90f2-76e6d3833ea2","reviewer":"ann","verdicts":{}}','2026-01-05 13:24:00.000000');
INSERT INTO "opinions" VALUES('8db3436f-ac3a-4448-9e8f-9cfcb9d733b8','00000001-1111-4111-8111-111111111111','ann','{"disposition":"donate","given_at":"2026-01-05T13:25:00Z","grade":"C","inspection_id":"00000001-1111-4111-8111-111111111111","note":"左袖 x","opinion_id":"8db3436f-ac3a-4448-9e8f-9cfcb9d733b8","reviewer":"ann","verdicts":{}}','2026-01-05 13:25:00.000000');
INSERT INTO "opinions" VALUES('9bedf33f-e3d0-435c-aec0-27eb684ce4e0','00000004-1111-4111-8111-111111111111','ann','{"disposition":"scrap","given_at":"2026-01-05T13:26:00Z","grade":"D","inspection_id":"00000004-1111-4111-8111-111111111111","note":"左袖 x","opinion_id":"9bedf33f-e3d0-435c-aec0-27eb684ce4e0","reviewer":"ann","verdicts":{}}','2026-01-05 13:26:00.000000');
CREATE TABLE photos (
	sha256 VARCHAR(64) NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	media_type VARCHAR(32) NOT NULL, 
	station VARCHAR(128) NOT NULL, 
	stored_at DATETIME NOT NULL, 
	CONSTRAINT pk_photos PRIMARY KEY (sha256)
);
INSERT INTO "photos" VALUES('7de4c3185d2e4e66331ae0a64615327e2996e3ab765af766f10a17df8a8f9dc5',54,'image/jpeg','bench-1','2026-01-05 12:00:00.000000');
INSERT INTO "photos" VALUES('be5aede73e7c6ce136e09bc734a322e0ce1038e6494ae1d4d3404bd3e9f75e93',14,'image/jpeg','bench-1','2026-01-05 12:00:00.000000');
INSERT INTO "photos" VALUES('95b311f153e841cfa243cad47377b16ebc68dd4c99f830cc40de8c0c27367a63',54,'image/jpeg','bench-1','2026-01-05 12:07:00.000000');
INSERT INTO "photos" VALUES('7fa6951248e65017801d99b8b29f4029994f563f5e51929d5f1e5e125a2850f1',14,'image/jpeg','bench-1','2026-01-05 12:07:00.000000');
INSERT INTO "photos" VALUES('6983ad86ed856c846a275c973ff2fc9e75ca3d1d8d8436ccaf9b03bb0f0f2a2a',54,'image/jpeg','bench-1','2026-01-05 12:14:00.000000');
INSERT INTO "photos" VALUES('d737ca2ecd2fbf471c414a45d7119fc9bef7c15584fa32ffd690c7d70b5c6178',14,'image/jpeg','bench-1','2026-01-05 12:14:00.000000');
INSERT INTO "photos" VALUES('40cfd676caf457b5bd8ace2518cc54adc1548912f9aab638f2ad4b2fb4a0f84d',54,'image/jpeg','bench-1','2026-01-05 12:21:00.000000');
INSERT INTO "photos" VALUES('541f7488cca4bb4e9ae6fcca21209d5540d39ba511865ecd50f3c32f8df155ed',14,'image/jpeg','bench-1','2026-01-05 12:21:00.000000');
INSERT INTO "photos" VALUES('d0e7ddc1e949e8b9a7bca8b98747ba2ae2a460d0db8d33751b1bccb0ae84b46f',54,'image/jpeg','bench-1','2026-01-05 12:28:00.000000');
INSERT INTO "photos" VALUES('ca49036dbaa0df2f0b397072234750367a3341ffd970052a2fe26a376b91c876',14,'image/jpeg','bench-1','2026-01-05 12:28:00.000000');
INSERT INTO "photos" VALUES('720c73dcb957517fd6575654dfb8120e0b05541e79502ede7908c0167a1639a8',54,'image/jpeg','bench-1','2026-01-05 12:35:00.000000');
INSERT INTO "photos" VALUES('e0842c99ba0c040aaaa2af321066bc8a118c494f8718fe77f541bf706c4449b9',14,'image/jpeg','bench-1','2026-01-05 12:35:00.000000');
INSERT INTO "photos" VALUES('23afbe27f2ca73b088df65945b9cd6f3dc91b2bc9f7cdee2dc1654217bac6bc1',54,'image/jpeg','bench-1','2026-01-05 12:42:00.000000');
INSERT INTO "photos" VALUES('02126fe561ad130c0c3b29def3fac50097d770278725b1f6e67ac84d671025ec',14,'image/jpeg','bench-1','2026-01-05 12:42:00.000000');
INSERT INTO "photos" VALUES('3c28b2f95e5501c03fe986e3fa1f4764c82505a64673f1ced045b65e2aa52d4c',54,'image/jpeg','bench-1','2026-01-05 12:49:00.000000');
INSERT INTO "photos" VALUES('17a6b5f45e50503fe6c9a52f28dc67e12f18d635c648720bf5d7f524d84c93a8',14,'image/jpeg','bench-1','2026-01-05 12:49:00.000000');
INSERT INTO "photos" VALUES('5ad03a4f646501816c3c774e29bbeb00f57ddcb19f606948de098c0257463de0',54,'image/jpeg','bench-1','2026-01-05 12:56:00.000000');
INSERT INTO "photos" VALUES('d13acd9bf476677f9e430e9f638acb9b22e53e7db2b28fbc13ce53a14f09bdcd',14,'image/jpeg','bench-1','2026-01-05 12:56:00.000000');
INSERT INTO "photos" VALUES('e763986fee4e337864538a8a5f12608d698defb279de303c9bad9f27b637fb81',54,'image/jpeg','bench-1','2026-01-05 13:03:00.000000');
INSERT INTO "photos" VALUES('d2e4ed4504d809b45f3c266bee19f7d067377cd3877882a90dcfd6c25d4708eb',14,'image/jpeg','bench-1','2026-01-05 13:03:00.000000');
INSERT INTO "photos" VALUES('7b2d89c4ca0a48b82801be08944a17c2fbb8468ddd48051d95f3c2d1cef9b5e0',54,'image/jpeg','bench-1','2026-01-05 13:10:00.000000');
INSERT INTO "photos" VALUES('eee7806e5d1dd07bfd5f876fe29fde20d1a860f2e3aad92e6a24405433fdbeaa',14,'image/jpeg','bench-1','2026-01-05 13:10:00.000000');
INSERT INTO "photos" VALUES('4a83b821af628dbad6a7747dee6a7ab9238862ef2cc97c8b92c4314af39a9bab',54,'image/jpeg','bench-1','2026-01-05 13:17:00.000000');
INSERT INTO "photos" VALUES('a0a1a8be21a996a436dd8abaa23ff49fa94407dce24840289906e1c35fa05fa2',14,'image/jpeg','bench-1','2026-01-05 13:17:00.000000');
INSERT INTO "photos" VALUES('dc1422b9e509fc26c071729c65bb2e6edb4ed432712a41bcf9605d208b75a48c',8,'image/jpeg','bench-1','2026-01-05 13:27:00.000000');
CREATE TABLE routings (
	routing INTEGER NOT NULL, 
	inspection_id VARCHAR(128) NOT NULL, 
	record TEXT NOT NULL, 
	judgement TEXT NOT NULL, 
	routed_at DATETIME NOT NULL, 
	CONSTRAINT pk_routings PRIMARY KEY (routing), 
	CONSTRAINT fk_routings_inspection_id_inspections FOREIGN KEY(inspection_id) REFERENCES inspections (inspection_id)
);
INSERT INTO "routings" VALUES(1,'00000000-1111-4111-8111-111111111111','{"policy":"default@1","reasons":["not_seen","not_assessable","unanswered","no_certificate"],"stake":1.572,"to":"review"}','{"clauses":[],"disposition":"resell","expected_value":{"donate":1.5,"repair":29.6,"resell":33.6,"scrap":-0.5},"gates":[],"grade":{"A":1.0,"B":0.0,"C":0.0,"D":0.0,"E":0.0},"scores":{}}','2026-01-05 12:00:00.000000');
INSERT INTO "routings" VALUES(2,'00000001-1111-4111-8111-111111111111','{"policy":"default@1","reasons":["not_seen","unanswered","close_call","no_certificate"],"stake":2.5184,"to":"review"}','{"clauses":["AP-2.1"],"disposition":"resell","expected_value":{"donate":1.5,"repair":25.336,"resell":26.944,"scrap":-0.5},"gates":[],"grade":{"A":0.74,"B":0.0,"C":0.26,"D":0.0,"E":0.0},"scores":{"appearance":90.710234}}','2026-01-05 12:07:00.000000');
INSERT INTO "routings" VALUES(3,'00000002-1111-4111-8111-111111111111','{"policy":"default@1","reasons":["not_seen","unanswered","close_call","no_certificate"],"stake":2.7368,"to":"review"}','{"clauses":["AP-2.1"],"disposition":"resell","expected_value":{"donate":1.5,"repair":24.352,"resell":25.408,"scrap":-0.5},"gates":[],"grade":{"A":0.68,"B":0.0,"C":0.32,"D":0.0,"E":0.0},"scores":{"appearance":88.692044}}','2026-01-05 12:14:00.000000');
INSERT INTO "routings" VALUES(4,'00000003-1111-4111-8111-111111111111','{"policy":"default@1","reasons":["not_seen","not_assessable","unanswered","no_certificate"],"stake":1.572,"to":"review"}','{"clauses":[],"disposition":"resell","expected_value":{"donate":1.5,"repair":29.6,"resell":33.6,"scrap":-0.5},"gates":[],"grade":{"A":1.0,"B":0.0,"C":0.0,"D":0.0,"E":0.0},"scores":{}}','2026-01-05 12:21:00.000000');
INSERT INTO "routings" VALUES(5,'00000004-1111-4111-8111-111111111111','{"policy":"default@1","reasons":["not_seen","unanswered","close_call"],"stake":2.272,"to":"review"}','{"clauses":["AP-2.1"],"disposition":"repair","expected_value":{"donate":1.5,"repair":22.384,"resell":22.336,"scrap":-0.5},"gates":[],"grade":{"A":0.56,"B":0.0,"C":0.44,"D":0.0,"E":0.0},"scores":{"appearance":84.78937}}','2026-01-05 12:28:00.000000');
INSERT INTO "routings" VALUES(6,'00000005-1111-4111-8111-111111111111','{"policy":"default@1","reasons":["not_seen","unanswered","close_call"],"stake":2.122,"to":"review"}','{"clauses":["AP-2.1"],"disposition":"repair","expected_value":{"donate":1.5,"repair":21.4,"resell":20.8,"scrap":-0.5},"gates":[],"grade":{"A":0.5,"B":0.0,"C":0.5,"D":0.0,"E":0.0},"scores":{"appearance":82.902912}}','2026-01-05 12:35:00.000000');
INSERT INTO "routings" VALUES(7,'00000006-1111-4111-8111-111111111111','{"policy":"default@1","reasons":["not_seen","not_assessable","unanswered","no_certificate"],"stake":1.572,"to":"review"}','{"clauses":[],"disposition":"resell","expected_value":{"donate":1.5,"repair":29.6,"resell":33.6,"scrap":-0.5},"gates":[],"grade":{"A":1.0,"B":0.0,"C":0.0,"D":0.0,"E":0.0},"scores":{}}','2026-01-05 12:42:00.000000');
INSERT INTO "routings" VALUES(8,'00000007-1111-4111-8111-111111111111','{"policy":"default@1","reasons":["not_seen","unanswered","close_call"],"stake":1.822,"to":"review"}','{"clauses":["AP-2.1"],"disposition":"repair","expected_value":{"donate":1.5,"repair":19.432,"resell":17.728,"scrap":-0.5},"gates":[],"grade":{"A":0.38,"B":0.0,"C":0.62,"D":0.0,"E":0.0},"scores":{"appearance":79.254975}}','2026-01-05 12:49:00.000000');
INSERT INTO "routings" VALUES(9,'00000008-1111-4111-8111-111111111111','{"policy":"default@1","reasons":["not_seen","unanswered"],"stake":1.672,"to":"review"}','{"clauses":["AP-2.1"],"disposition":"repair","expected_value":{"donate":1.5,"repair":18.448,"resell":16.192,"scrap":-0.5},"gates":[],"grade":{"A":0.32,"B":0.0,"C":0.68,"D":0.0,"E":0.0},"scores":{"appearance":77.49165}}','2026-01-05 12:56:00.000000');
INSERT INTO "routings" VALUES(10,'00000009-1111-4111-8111-111111111111','{"policy":"default@1","reasons":["not_seen","not_assessable","unanswered","no_certificate"],"stake":1.572,"to":"review"}','{"clauses":[],"disposition":"resell","expected_value":{"donate":1.5,"repair":29.6,"resell":33.6,"scrap":-0.5},"gates":[],"grade":{"A":1.0,"B":0.0,"C":0.0,"D":0.0,"E":0.0},"scores":{}}','2026-01-05 13:03:00.000000');
INSERT INTO "routings" VALUES(11,'00000010-1111-4111-8111-111111111111','{"policy":"default@1","reasons":["not_seen","unanswered"],"stake":1.372,"to":"review"}','{"clauses":["AP-2.1"],"disposition":"repair","expected_value":{"donate":1.5,"repair":16.48,"resell":13.12,"scrap":-0.5},"gates":[],"grade":{"A":0.2,"B":0.0,"C":0.8,"D":0.0,"E":0.0},"scores":{"appearance":74.081822}}','2026-01-05 13:10:00.000000');
INSERT INTO "routings" VALUES(12,'00000011-1111-4111-8111-111111111111','{"policy":"default@1","reasons":["not_seen","unanswered"],"stake":1.222,"to":"review"}','{"clauses":["AP-2.1"],"disposition":"repair","expected_value":{"donate":1.5,"repair":15.496,"resell":11.584,"scrap":-0.5},"gates":[],"grade":{"A":0.14,"B":0.0,"C":0.86,"D":0.0,"E":0.0},"scores":{"appearance":72.433593}}','2026-01-05 13:17:00.000000');
INSERT INTO "routings" VALUES(13,'00000050-1111-4111-8111-111111111111','{"policy":"default@1","reasons":["not_seen","not_assessable","unanswered","no_certificate"],"stake":1.572,"to":"review"}','{"clauses":[],"disposition":"resell","expected_value":{"donate":1.5,"repair":29.6,"resell":33.6,"scrap":-0.5},"gates":[],"grade":{"A":1.0,"B":0.0,"C":0.0,"D":0.0,"E":0.0},"scores":{}}','2026-01-05 13:27:00.000000');
CREATE TABLE sessions (
	token_sha256 VARCHAR(64) NOT NULL, 
	account VARCHAR(128) NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (token_sha256), 
	CONSTRAINT fk_sessions_account_accounts FOREIGN KEY(account) REFERENCES accounts (name)
);
INSERT INTO "sessions" VALUES('2a4e7a71780ac4f189656ad58b240293bb1f6a10c721529bc5b47f1a8f989b33','ann','2026-01-05 13:24:00.000000','2026-01-06 01:24:00.000000');
INSERT INTO "sessions" VALUES('4f0c753ddff6635c636efa3d2eb22684467f03e4a62334b167d14c1d69fd4f7c','lea','2026-01-05 13:24:00.000000','2026-01-06 01:24:00.000000');
INSERT INTO "sessions" VALUES('5852e8c96f26eeb65f188cc0d2d76f674eb809fa153bcd72a773292d2e7662be','gone','2026-01-05 13:24:00.000000','2026-01-06 01:24:00.000000');
CREATE TABLE skips (
	inspection_id VARCHAR(128) NOT NULL, 
	reviewer VARCHAR(128) NOT NULL, 
	skipped_at DATETIME NOT NULL, 
	CONSTRAINT pk_skips PRIMARY KEY (inspection_id, reviewer), 
	CONSTRAINT fk_skips_inspection_id_cases FOREIGN KEY(inspection_id) REFERENCES cases (inspection_id), 
	CONSTRAINT fk_skips_reviewer_accounts FOREIGN KEY(reviewer) REFERENCES accounts (name)
);
INSERT INTO "skips" VALUES('00000000-1111-4111-8111-111111111111','ann','2026-01-05 13:27:00.000000');
CREATE TABLE standings (
	arrival INTEGER NOT NULL, 
	inspection_id VARCHAR(128) NOT NULL, 
	category VARCHAR(32) NOT NULL, 
	grade VARCHAR(1) NOT NULL, 
	disposition VARCHAR(16) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	superseded_by VARCHAR(128), 
	search_text TEXT NOT NULL, 
	CONSTRAINT pk_standings PRIMARY KEY (arrival), 
	CONSTRAINT fk_standings_inspection_id_inspections FOREIGN KEY(inspection_id) REFERENCES inspections (inspection_id), 
	CONSTRAINT uq_standings_inspection_id UNIQUE (inspection_id)
);
INSERT INTO "standings" VALUES(1,'00000000-1111-4111-8111-111111111111','apparel','A','resell','waiting',NULL,'退货-000é
00000000-1111-4111-8111-111111111111
bench-1

apparel@1
apparel
服装');
INSERT INTO "standings" VALUES(2,'00000001-1111-4111-8111-111111111111','apparel','C','donate','superseded','00000050-1111-4111-8111-111111111111','rt-0001
00000001-1111-4111-8111-111111111111
bench-1
li.na
apparel@1
apparel
服装
stain
污渍');
INSERT INTO "standings" VALUES(3,'00000002-1111-4111-8111-111111111111','apparel','B','resell','decided',NULL,'rt-0002
00000002-1111-4111-8111-111111111111
bench-1

apparel@1
apparel
服装
stain
污渍');
INSERT INTO "standings" VALUES(4,'00000003-1111-4111-8111-111111111111','apparel','A','resell','waiting',NULL,'rt-0003
00000003-1111-4111-8111-111111111111
bench-1
li.na
apparel@1
apparel
服装');
INSERT INTO "standings" VALUES(5,'00000004-1111-4111-8111-111111111111','apparel','D','scrap','decided',NULL,'退货-004é
00000004-1111-4111-8111-111111111111
bench-1

apparel@1
apparel
服装
stain
污渍');
INSERT INTO "standings" VALUES(6,'00000005-1111-4111-8111-111111111111','apparel','C','repair','waiting',NULL,'rt-0005
00000005-1111-4111-8111-111111111111
bench-1
li.na
apparel@1
apparel
服装
stain
污渍');
INSERT INTO "standings" VALUES(7,'00000006-1111-4111-8111-111111111111','apparel','A','resell','waiting',NULL,'rt-0006
00000006-1111-4111-8111-111111111111
bench-1

apparel@1
apparel
服装');
INSERT INTO "standings" VALUES(8,'00000007-1111-4111-8111-111111111111','apparel','C','repair','waiting',NULL,'rt-0007
00000007-1111-4111-8111-111111111111
bench-1
li.na
apparel@1
apparel
服装
stain
污渍');
INSERT INTO "standings" VALUES(9,'00000008-1111-4111-8111-111111111111','apparel','C','repair','waiting',NULL,'退货-008é
00000008-1111-4111-8111-111111111111
bench-1

apparel@1
apparel
服装
stain
污渍');
INSERT INTO "standings" VALUES(10,'00000009-1111-4111-8111-111111111111','apparel','A','resell','waiting',NULL,'rt-0009
00000009-1111-4111-8111-111111111111
bench-1
li.na
apparel@1
apparel
服装');
INSERT INTO "standings" VALUES(11,'00000010-1111-4111-8111-111111111111','apparel','C','repair','waiting',NULL,'rt-0010
00000010-1111-4111-8111-111111111111
bench-1

apparel@1
apparel
服装
stain
污渍');
INSERT INTO "standings" VALUES(12,'00000011-1111-4111-8111-111111111111','apparel','C','repair','waiting',NULL,'rt-0011
00000011-1111-4111-8111-111111111111
bench-1
li.na
apparel@1
apparel
服装
stain
污渍');
INSERT INTO "standings" VALUES(13,'00000050-1111-4111-8111-111111111111','apparel','A','resell','waiting',NULL,'rt-0001
00000050-1111-4111-8111-111111111111
bench-1

apparel@1
apparel
服装');
CREATE TABLE stations (
	name VARCHAR(128) NOT NULL, 
	token_sha256 VARCHAR(64) NOT NULL, 
	enrolled_at DATETIME NOT NULL, 
	CONSTRAINT pk_stations PRIMARY KEY (name), 
	CONSTRAINT uq_stations_token_sha256 UNIQUE (token_sha256)
);
INSERT INTO "stations" VALUES('bench-1','22de81149c0029c4d8c704c931024b4547c63b66f6ab602878fdcfa9b8fabc35','2026-01-05 12:00:00.000000');
INSERT INTO "stations" VALUES('bench-2','b28e01b31acca4dd358411cc8b05158eb4b0f14f7442f7b0fdd046d4e15da21d','2026-01-05 12:00:00.000000');
CREATE INDEX ix_failed_attempts_failed_at ON failed_attempts (failed_at);
CREATE INDEX ix_inspections_return_code ON inspections (return_code);
CREATE INDEX ix_inspections_supersedes ON inspections (supersedes);
CREATE INDEX ix_cases_holder ON cases (holder);
CREATE INDEX ix_cases_open ON cases (rank) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX ix_decisions_first ON decisions (inspection_id) WHERE supersedes IS NULL;
CREATE INDEX ix_decisions_inspection_id ON decisions (inspection_id);
CREATE INDEX ix_inspection_photos_sha256 ON inspection_photos (sha256);
CREATE INDEX ix_opinions_inspection_id ON opinions (inspection_id);
CREATE INDEX ix_routings_inspection_id ON routings (inspection_id);
CREATE INDEX ix_sessions_account ON sessions (account);
CREATE INDEX ix_sessions_expires_at ON sessions (expires_at);
CREATE INDEX ix_standings_category_arrival ON standings (category, arrival);
CREATE INDEX ix_standings_disposition_arrival ON standings (disposition, arrival);
CREATE INDEX ix_standings_grade_arrival ON standings (grade, arrival);
CREATE INDEX ix_standings_state_arrival ON standings (state, arrival);
CREATE TRIGGER inspections_no_update BEFORE UPDATE ON inspections BEGIN SELECT RAISE(ABORT, 'inspections are append-only'); END;
CREATE TRIGGER inspections_no_delete BEFORE DELETE ON inspections BEGIN SELECT RAISE(ABORT, 'inspections are append-only'); END;
CREATE TRIGGER routings_no_update BEFORE UPDATE ON routings BEGIN SELECT RAISE(ABORT, 'routings are append-only'); END;
CREATE TRIGGER routings_no_delete BEFORE DELETE ON routings BEGIN SELECT RAISE(ABORT, 'routings are append-only'); END;
CREATE TRIGGER opinions_no_update BEFORE UPDATE ON opinions BEGIN SELECT RAISE(ABORT, 'opinions are append-only'); END;
CREATE TRIGGER opinions_no_delete BEFORE DELETE ON opinions BEGIN SELECT RAISE(ABORT, 'opinions are append-only'); END;
CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
COMMIT;
