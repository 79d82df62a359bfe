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
  if (questionsLeft_ == 0) return std::nullopt;
  Question question;
  if (!readQuestion(question)) return std::nullopt;
  return question;
}

std::optional<Record> MessageView::nextRecord() {
  while (questionsLeft_ > 0)
    if (!skipQuestion()) return std::nullopt;
  for (const Section section : {Section::answer, Section::authority, Section::additional})
    if (recordsLeft_[static_cast<std::size_t>(section)] > 0) return nextRecordOf(section);
  return std::nullopt;
}

// A function of its own, so that the one variable is built in the caller's place for the result.
std::optional<Record> MessageView::nextRecordOf(Section section) {
  std::optional<Record> record(std::in_place);
  record->section = section;
  if (!readRecord(*record)) record.reset();
  return record;
}

bool MessageView::readQuestion(Question& question) {
  --questionsLeft_;
  if (!Name::read(message_, reader_, question.name)) return false;
  question.type = static_cast<Type>(reader_.u16());
  question.rrClass = static_cast<Class>(reader_.u16());
  return reader_.ok();
}

// A name without pointers, as in nearly every question, is passed over label by label, as strictly as it would be read.
bool MessageView::skipQuestion() {
  const std::size_t begin = reader_.position();
  std::size_t end = begin;
  while (end < message_.size() && message_[end] != 0 && message_[end] <= maxLabelSize) end += message_[end] + 1u;
  if (end >= message_.size() || message_[end] != 0 || end - begin >= maxNameSize) {
    Question skipped;
    return readQuestion(skipped);
  }
  --questionsLeft_;
  reader_.skip(end + 1 - begin + 4);
  return reader_.ok();
}

bool MessageView::readRecord(Record& record) {
  --recordsLeft_[static_cast<std::size_t>(record.section)];
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
