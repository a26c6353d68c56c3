#include "main_of.hpp"

#include <elf.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

namespace seki::test {
namespace {

template <class T>
T part(const std::string& bytes, std::uint64_t offset) {
    T made{};
    if (offset + sizeof made <= bytes.size()) std::memcpy(&made, bytes.data() + offset, sizeof made);
    return made;
}

}  // namespace

main_place main_of(const std::string& program) {
    std::ifstream file{program, std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    const auto header = part<Elf64_Ehdr>(bytes, 0);
    const auto section = [&](std::uint64_t index) {
        return part<Elf64_Shdr>(bytes, header.e_shoff + index * sizeof(Elf64_Shdr));
    };
    for (std::uint64_t i = 0; i < header.e_shnum; ++i) {
        const auto symbols = section(i);
        if (symbols.sh_type != SHT_SYMTAB) continue;
        const auto names = section(symbols.sh_link);
        for (std::uint64_t at = 0; at < symbols.sh_size; at += sizeof(Elf64_Sym)) {
            const auto symbol = part<Elf64_Sym>(bytes, symbols.sh_offset + at);
            if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC &&
                std::strcmp(bytes.c_str() + names.sh_offset + symbol.st_name, "main") == 0)
                return {header.e_entry, symbol.st_value};
        }
    }
    std::fprintf(stderr, "%s: no main in it\n", program.c_str());
    std::abort();
}

}  // namespace seki::test
