#include "taut/dns/message_view.hpp"

#include "taut/dns/query.hpp"
#include "taut/dns/rrset.hpp"

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
  std::optional<Question> question;
  if (questionsLeft_ == 0) return question;
  --questionsLeft_;
  if (!readQuestion(question.emplace())) question.reset();
  return question;
}

std::optional<Record> MessageView::nextRecord() {
  std::optional<Record> record;
  for (Question skipped; questionsLeft_ > 0;) {
    --questionsLeft_;
    if (!readQuestion(skipped)) return record;
  }
  std::size_t section = 0;
  while (section < recordsLeft_.size() && recordsLeft_[section] == 0) ++section;
  if (section == recordsLeft_.size()) return record;
  --recordsLeft_[section];
  record.emplace().section = static_cast<Section>(section);
  if (!readRecord(*record)) record.reset();
  return record;
}

bool MessageView::readQuestion(Question& question) {
  if (!Name::read(message_, reader_, question.name)) return false;
  question.type = static_cast<Type>(reader_.u16());
  question.rrClass = static_cast<Class>(reader_.u16());
  return reader_.ok();
}

bool MessageView::readRecord(Record& record) {
  if (!Name::read(message_, reader_, record.owner)) return false;
  record.type = static_cast<Type>(reader_.u16());
  record.rrClass = static_cast<Class>(reader_.u16());
  record.ttl = reader_.u32();
  if (record.ttl > maxTtl && record.type != Type::OPT) record.ttl = 0;
  record.rdataSize = reader_.u16();
  record.rdataOffset = reader_.position();
  reader_.skip(record.rdataSize);
  return reader_.ok();
}

}  // namespace taut
