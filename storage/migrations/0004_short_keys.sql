-- Keys are 64-bit hashes of which 32 bits tell as much: among the million keys of two weeks one
-- article in 120 has one that meets a stranger's by chance, and texts are compared before anything
-- counts.  Nothing read the signatures themselves: articles are found by bands and sketch, and both
-- are made anew from the texts when the recipe changes.  Together 670 bytes a document fewer.
ALTER TABLE core.signature_keys ALTER COLUMN key
    SET DATA TYPE UINTEGER USING (xor(key, key >> 32) & 4294967295)::UINTEGER;
ALTER TABLE core.signatures DROP COLUMN minhash;
