// References, iterators and views into containers, held while others may change them.
#include <map>

#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> everywhere;

class Holder {
 public:
  explicit Holder(Shard& shard) : shard_(shard) {}

  Task<std::string> element() {
    const std::string& first = texts_.front();  // expect: `first` refers into `texts_`
    co_await sleepFor(shard_, 5ms);
    co_return first;
  }
  Task<std::string> byIndex() {
    auto& second = texts_[1];  // expect: `second` refers into `texts_`
    co_await sleepFor(shard_, 5ms);
    second += "!";
    co_return second;
  }
  Task<int> iterator(const std::string& key) {
    const auto found = numbers_.find(key);  // expect: `found` refers into `numbers_`
    if (found == numbers_.end()) co_return 0;
    co_await sleepFor(shard_, 5ms);
    co_return found->second;
  }
  Task<int> throughIterator(const std::string& key) {
    int& number = numbers_.find(key)->second;  // expect: `number` refers into `numbers_`
    co_await sleepFor(shard_, 5ms);
    co_return ++number;
  }
  Task<std::size_t> view() {
    const std::string_view text = name_;  // expect: `text` refers into `name_`
    co_await sleepFor(shard_, 5ms);
    co_return text.size();
  }
  Task<char> pointer() {
    const char* letters = name_.data();  // expect: `letters` refers into `name_`
    co_await sleepFor(shard_, 5ms);
    co_return *letters;
  }
  Task<std::size_t> loop() {
    std::size_t size = 0;
    for (const auto& text : texts_) {  // expect: the loop is in the middle of `texts_`
      co_await sleepFor(shard_, 5ms);
      size += text.size();
    }
    co_return size;
  }
  Task<std::size_t> nextRound() {
    std::size_t size = 0;
    const auto& first = texts_.at(0);  // expect: `first` refers into `texts_`
    for (int i = 0; i < 3; ++i) {
      size += first.size();
      co_await sleepFor(shard_, 5ms);
    }
    co_return size;
  }

 private:
  Shard& shard_;
  std::vector<std::string> texts_;
  std::map<std::string, int> numbers_;
  std::string name_;
};

Task<std::string> ofOthers(Shard& shard, std::vector<std::string>& texts) {
  const auto& last = texts.back();  // expect: `last` refers into `texts`
  co_await sleepFor(shard, 5ms);
  const auto& any = everywhere.front();  // expect: `any` refers into `everywhere`
  co_await sleepFor(shard, 5ms);
  co_return last + any;
}

Task<std::string> ownButChanged(Shard& shard) {
  std::vector<std::string> texts{"one text that is long enough to be on the heap"};
  const std::string& first = texts.front();  // expect: `first` refers into `texts`
  co_await sleepFor(shard, 5ms);
  texts.assign(100, "x");
  co_return first;
}

}  // namespace

std::string held(Shard& shard) {
  Holder holder(shard);
  shard.run(holder.element());
  return shard.run(ofOthers(shard, everywhere)) + shard.run(ownButChanged(shard));
}
