#include "taut/dns/message_view.hpp"

#include "taut/dns/query.hpp"

namespace taut {

MessageView::MessageView(ByteSpan message)
    : message_(message),
      reader_(message, messageHeaderSize),
      questionsLeft_(questionCount()),
      recordsLeft_{recordCount(Section::answer), recordCount(Section::authority), recordCount(Section::additional)} {}

std::optional<MessageView> MessageView::parse(ByteSpan message) {
  if (message.size() < messageHeaderSize) return std::nullopt;
  return MessageView(message);
}

std::optional<Question> MessageView::nextQuestion() {
  if (questionsLeft_ == 0) return std::nullopt;
  --questionsLeft_;
  const auto name = Name::read(message_, reader_);
  if (!name) return std::nullopt;
  Question question;
  question.name = *name;
  question.type = static_cast<Type>(reader_.u16());
  question.rrClass = static_cast<Class>(reader_.u16());
  if (!reader_.ok()) return std::nullopt;
  return question;
}

std::optional<Record> MessageView::nextRecord() {
  while (questionsLeft_ > 0)
    if (!nextQuestion()) return std::nullopt;
  std::size_t section = 0;
  while (section < 3 && recordsLeft_[section] == 0) ++section;
  if (section == 3) return std::nullopt;
  --recordsLeft_[section];
  const auto owner = Name::read(message_, reader_);
  if (!owner) return std::nullopt;
  Record record;
  record.owner = *owner;
  record.section = static_cast<Section>(section);
  record.type = static_cast<Type>(reader_.u16());
  record.rrClass = static_cast<Class>(reader_.u16());
  record.ttl = reader_.u32();
  if (record.ttl > 0x7fffffff && record.type != Type::OPT) record.ttl = 0;
  record.rdataSize = reader_.u16();
  record.rdataOffset = reader_.position();
  reader_.skip(record.rdataSize);
  if (!reader_.ok()) return std::nullopt;
  return record;
}

}  // namespace taut
