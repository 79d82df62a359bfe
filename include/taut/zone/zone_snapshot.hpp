// The image of a version of a zone in a file, from which the zone is served again without reading text or sorting.
//
// The file has a header (what it is, its format, the order of octets, sizes, the serial), the nodes and lists of the
// image as they lie in memory, and a CRC-32C for each MiB of them. It is written beside the one before and takes its
// place when it is on the disk, so that there is a whole one whatever ends the program. Large images are mapped
// privately: the nodes are read where the system keeps the file, and updates of the zone are no business of the file.
// The hash index is not in the file, because hashes differ from one run of the program to the next: it is filled when
// the file is opened, for which each node is read anyway.
//
// What is checked before a zone is there: that the file is of this format and this zone and has all its octets, the
// checksums, and that each distance that a reader follows leads to a node, and each RRset lies within the nodes. What
// is not checked is whether RDATA is valid for its type and whether the records make a good zone. So the checksums are
// what guards against damage, and the permissions of the folder are what guards against people: who can write the file
// decides what is answered. Nothing may write to a file that is mapped, or cut it: replace it.
#pragma once

#include <memory>
#include <string>

#include "taut/base/result.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/zone.hpp"

namespace taut {

// The zone is loaded. A version that has changed is settled within the call. Waits for the disk. A failure names the
// file and says why; a file that was there before is as it was.
Result<void, std::string> writeSnapshot(const Zone& zone, const std::string& path);

// Null where there is no such file. The reason names the file and says why it is refused. The zone can be updated.
Result<std::shared_ptr<const Zone>, std::string> openSnapshot(const std::string& path, NameView origin,
                                                              Class rrClass = Class::IN);

}  // namespace taut
