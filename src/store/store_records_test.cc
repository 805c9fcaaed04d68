// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "store/record_form.h"
#include "store/store_folder_test.h"

namespace wirestamp::store {
namespace {

using measure::Event;
using measure::EventKind;
using measure::Incident;
using measure::RecordedEvent;
using measure::Severity;
using testing::IsEmpty;

class StoreRecords : public StoreTest {};

constexpr TimeRange kEver{WallTime::from_ns(INT64_MIN), WallTime::from_ns(INT64_MAX)};

Event full_event() {
  Event event{.kind = measure::EventKind::Verdict,
              .session = 3,
              .at = MonoTime::from_ns(-17),
              .wall = kNoon,
              .text = "stalled \"flow\"",
              .reason = "silence"};
  event.finding = measure::Finding::LocalCause;
  event.old_flow = "192.0.2.1:40000 > 198.51.100.7:23999";
  event.new_flow = "";
  event.last_good = measure::ProbeMark{.probe = 9, .left = kNoon};
  event.first_lost = measure::ProbeMark{.probe = 10, .left = kNoon};
  event.first_good = measure::ProbeMark{.probe = UINT64_MAX, .left = kNoon};
  event.lost = 0;
  event.answered = 4;
  event.tried = 5;
  event.at_least = Duration::seconds(-1);
  event.at_most = Duration::hours(1);
  event.direction = "forward";
  event.before = 46;
  event.after = 0;
  event.expected = 184;
  event.flow = 12;
  event.account = "requests 7";
  event.old_path = {{.distance = 1, .address = "192.0.2.254"}, {.distance = 2}};
  event.new_path = {{.distance = 255, .address = "2001:db8::1", .reflector = true}};
  event.crossing = measure::Crossing{.figure = measure::Figure::Jitter,
                                     .error = true,
                                     .loss = 0.125,
                                     .loss_threshold = 0.1,
                                     .delay = Duration::milliseconds(7),
                                     .delay_threshold = Duration::milliseconds(5),
                                     .median = Duration::milliseconds(3),
                                     .since = kNoon,
                                     .until = kNoon + Duration::seconds(9)};
  event.change = Duration::seconds(-3);
  return event;
}

void expect_full(const Event& event) {
  const Event wanted = full_event();
  EXPECT_EQ(event.kind, wanted.kind);
  EXPECT_EQ(event.session, wanted.session);
  EXPECT_EQ(event.at, wanted.at);
  EXPECT_EQ(event.wall, wanted.wall);
  EXPECT_EQ(event.text, wanted.text);
  EXPECT_EQ(event.reason, wanted.reason);
  EXPECT_EQ(event.finding, wanted.finding);
  EXPECT_EQ(event.old_flow, wanted.old_flow);
  EXPECT_EQ(event.new_flow, wanted.new_flow);
  EXPECT_EQ(event.last_good, wanted.last_good);
  EXPECT_EQ(event.first_lost, wanted.first_lost);
  EXPECT_EQ(event.first_good, wanted.first_good);
  EXPECT_EQ(event.lost, wanted.lost);
  EXPECT_EQ(event.answered, wanted.answered);
  EXPECT_EQ(event.tried, wanted.tried);
  EXPECT_EQ(event.at_least, wanted.at_least);
  EXPECT_EQ(event.at_most, wanted.at_most);
  EXPECT_EQ(event.direction, wanted.direction);
  EXPECT_EQ(event.before, wanted.before);
  EXPECT_EQ(event.after, wanted.after);
  EXPECT_EQ(event.flow, wanted.flow);
  EXPECT_EQ(event.account, wanted.account);
  ASSERT_EQ(event.old_path.size(), 2U);
  ASSERT_EQ(event.new_path.size(), 1U);
  EXPECT_EQ(event.old_path[1].distance, 2);
  EXPECT_EQ(event.old_path[0].address, "192.0.2.254");
  EXPECT_TRUE(event.new_path[0].reflector);
  EXPECT_EQ(event.new_path[0].distance, 255);
  EXPECT_EQ(event.expected, wanted.expected);
  EXPECT_EQ(event.change, wanted.change);
  ASSERT_TRUE(event.crossing);
  EXPECT_EQ(event.crossing->figure, wanted.crossing->figure);
  EXPECT_EQ(event.crossing->error, wanted.crossing->error);
  EXPECT_EQ(event.crossing->loss, wanted.crossing->loss);
  EXPECT_EQ(event.crossing->loss_threshold, wanted.crossing->loss_threshold);
  EXPECT_EQ(event.crossing->delay, wanted.crossing->delay);
  EXPECT_EQ(event.crossing->delay_threshold, wanted.crossing->delay_threshold);
  EXPECT_EQ(event.crossing->median, wanted.crossing->median);
  EXPECT_EQ(event.crossing->since, wanted.crossing->since);
  EXPECT_EQ(event.crossing->until, wanted.crossing->until);
}

TEST_F(StoreRecords, EventsComeBackWhole) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  store->add_event(id, {.id = 5,
                        .session = "office",
                        .severity = Severity::Error,
                        .incident = 2,
                        .event = full_event()});
  store->add_event(0, {.id = 6, .session = "", .event = {.wall = kNoon}});  // of the agent
  ASSERT_EQ(text_of(store->flush()), "");
  const auto found = *reader()->events({});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].id, 5U);
  EXPECT_EQ(found[0].session, "office");
  EXPECT_EQ(found[0].severity, Severity::Error);
  EXPECT_EQ(found[0].incident, 2U);
  expect_full(found[0].event);
  EXPECT_EQ(found[1].session, "");
  EXPECT_EQ(found[1].event.finding, std::nullopt);
  EXPECT_EQ(found[1].event.lost, std::nullopt);
  EXPECT_THAT(found[1].event.old_path, IsEmpty());
}

TEST_F(StoreRecords, EventsOfEveryKindComeBack) {
  auto [store, notes] = opened();
  std::vector<measure::EventKind> kinds;
  for (unsigned number = 0; number < 256; ++number) {
    const auto kind = static_cast<measure::EventKind>(number);
    if (name(kind) == "unknown") continue;
    kinds.push_back(kind);
    store->add_event(0, {.id = kinds.size(), .event = {.kind = kind, .wall = kNoon}});
  }
  ASSERT_GE(kinds.size(), 29U);
  ASSERT_EQ(text_of(store->flush()), "");
  const auto found = *reader()->events({});
  ASSERT_EQ(found.size(), kinds.size());
  for (std::size_t i = 0; i < kinds.size(); ++i) EXPECT_EQ(found[i].event.kind, kinds[i]);
}

// As the program wrote them before there were crossings.
TEST(EventForm, ReadsVersion1) {
  std::string form = encode({.wall = kNoon, .text = "then"});
  form[0] = 1;
  form.resize(form.size() - 3);  // three absent fields
  const auto event = decode_event(std::as_bytes(std::span(form)));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->text, "then");
  form[0] = 3;
  EXPECT_FALSE(decode_event(std::as_bytes(std::span(form))));
}

TEST(EventForm, RefusesAnyCutAndWhatFollows) {
  const std::string form = encode(full_event());
  const auto octets = std::as_bytes(std::span(form));
  for (std::size_t size = 0; size < form.size(); ++size)
    EXPECT_FALSE(decode_event(octets.first(size))) << size;
  ASSERT_TRUE(decode_event(octets));
  const std::string longer = form + '\0';
  EXPECT_FALSE(decode_event(std::as_bytes(std::span(longer))));
}

std::vector<std::uint64_t> ids_of(Reader& reader, const EventQuery& query) {
  std::vector<std::uint64_t> found;
  const auto events = *reader.events(query);
  for (const RecordedEvent& event : events) found.push_back(event.id);
  return found;
}

TEST_F(StoreRecords, EventsAreFoundBySessionTimeIncidentAndSeverity) {
  auto [store, notes] = opened();
  const auto one = *store->session({.name = "one"}), two = *store->session({.name = "two"});
  for (std::uint64_t i = 1; i <= 30; ++i)
    store->add_event(i % 2 == 0 ? one : two,
                     {.id = i,
                      .severity = static_cast<Severity>(i % 3),
                      .incident = i / 10,
                      .event = {.wall = kNoon + Duration::seconds(static_cast<std::int64_t>(i))}});
  ASSERT_EQ(text_of(store->flush()), "");
  auto read = reader();
  const auto ids = [&](const EventQuery& query) { return ids_of(*read, query); };
  using testing::ElementsAre;
  EXPECT_EQ(ids({}).size(), 30U);
  EXPECT_EQ(ids({.session = one}).size(), 15U);
  EXPECT_THAT(ids({.range = TimeRange{kNoon + Duration::seconds(3), kNoon + Duration::seconds(5)}}),
              ElementsAre(3, 4));
  EXPECT_THAT(ids({.incident = 2, .at_least = Severity::Error}), ElementsAre(20, 23, 26, 29));
  EXPECT_THAT(ids({.session = one, .limit = 2}), ElementsAre(28, 30));  // the newest
  EXPECT_THAT(ids({.limit = 0}), IsEmpty());
  const auto reversed = read->events({.range = TimeRange{kNoon, kNoon - Duration::seconds(1)}});
  ASSERT_FALSE(reversed);
  EXPECT_THAT(reversed.error().text, testing::HasSubstr("before it begins"));
}

TEST_F(StoreRecords, EventsAreFoundByKindAndThoseOfTheAgentAlone) {
  auto [store, notes] = opened();
  const auto one = *store->session({.name = "one"});
  constexpr std::array kKinds{EventKind::OutageBegan, EventKind::ClockStepped, EventKind::Verdict};
  for (std::uint64_t i = 1; i <= 12; ++i)
    store->add_event(i % 2 == 0 ? one : kOfTheAgent,
                     {.id = i,
                      .session = i % 2 == 0 ? "one" : "",
                      .event = {.kind = kKinds[i % 3],
                                .wall = kNoon + Duration::seconds(static_cast<std::int64_t>(i))}});
  ASSERT_EQ(text_of(store->flush()), "");
  auto read = reader();
  const auto ids = [&](const EventQuery& query) { return ids_of(*read, query); };
  using testing::ElementsAre;
  EXPECT_THAT(ids({.kinds = {EventKind::ClockStepped}}), ElementsAre(1, 4, 7, 10));
  EXPECT_THAT(ids({.kinds = {EventKind::ClockStepped, EventKind::Verdict}, .limit = 3}),
              ElementsAre(8, 10, 11));  // the newest
  EXPECT_THAT(ids({.session = kOfTheAgent, .kinds = {EventKind::ClockStepped}}), ElementsAre(1, 7));
  EXPECT_THAT(ids({.session = kOfTheAgent}), ElementsAre(1, 3, 5, 7, 9, 11));
  EXPECT_THAT(ids({.kinds = {EventKind::Suspended}}), IsEmpty());
}

TEST_F(StoreRecords, EventsAndIncidentsOfAnOlderFormAreRead) {
  {
    SQLite::Database older(path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    migrate(older, 3);
    SQLite::Statement put(older, "INSERT INTO events VALUES (?, 0, ?, 0, 0, ?)");
    Packer name;
    name.text("");
    int id = 0;
    const Event stepped{.kind = EventKind::ClockStepped, .wall = kNoon};
    for (const std::string& data :
         {name.octets() + encode(Event{.wall = kNoon}), name.octets() + encode(stepped),
          name.octets() + "rubbish", std::string(), std::string("\xff")}) {
      put.reset();
      put.bind(1, ++id);
      put.bind(2, kNoon.ns());
      put.bindNoCopy(3, data.data(), static_cast<int>(data.size()));
      put.exec();
    }
  }
  SQLite::Database(path_, SQLite::OPEN_READWRITE)
      .exec("INSERT INTO incidents VALUES (3, 0, '', 1, 5, NULL, 0, 'loss 12 %', 2)");
  auto [store, notes] = opened();
  ASSERT_TRUE(store);
  const auto incident = *reader()->incident(3);
  ASSERT_TRUE(incident);
  EXPECT_EQ(incident->title, "loss 12 %");
  EXPECT_EQ(incident->opened_as, "loss 12 %");
  EXPECT_FALSE(incident->worst);
  const auto found = *reader()->events({.kinds = {EventKind::ClockStepped}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].event.kind, EventKind::ClockStepped);
  EXPECT_EQ(reader()->events({})->size(), 2U) << "what cannot be read hides nothing";
}

TEST_F(StoreRecords, AnIncidentIsKeptInItsLastState) {
  Incident incident{.id = 7,
                    .session = "office",
                    .severity = Severity::Warning,
                    .opened = kNoon,
                    .in_maintenance = true,
                    .title = "loss 12 %",
                    .events = 1};
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  store->put_incident(id, incident);
  incident.events = 2;
  store->put_incident(id, incident);
  ASSERT_EQ(text_of(store->flush()), "");
  auto read = reader();
  EXPECT_EQ((*read->incident(7))->closed, std::nullopt);
  EXPECT_EQ((*read->incident(7))->events, 2U);
  incident.closed = kNoon + Duration::minutes(5);
  incident.severity = Severity::Error;
  incident.title = "a stalled flow";
  incident.opened_as = "loss 12 %";
  incident.crossed = {.crossing = {.figure = measure::Figure::Loss, .loss = 0.12}, .at = kNoon};
  incident.worst = incident.crossed;
  incident.worst->crossing.loss = 0.31;
  incident.worst->direction = "forward";
  incident.silent = Duration::minutes(3);
  incident.by_figure = true;
  store->put_incident(id, incident);
  ASSERT_EQ(text_of(store->flush()), "");
  const auto found = *read->incidents({.session = id});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].id, 7U);
  EXPECT_EQ(found[0].session, "office");
  EXPECT_EQ(found[0].severity, Severity::Error);
  EXPECT_EQ(found[0].opened, kNoon);
  EXPECT_EQ(found[0].closed, incident.closed);
  EXPECT_TRUE(found[0].in_maintenance);
  EXPECT_EQ(found[0].title, "a stalled flow");
  EXPECT_EQ(found[0].opened_as, "loss 12 %");
  ASSERT_TRUE(found[0].crossed && found[0].worst);
  EXPECT_EQ(found[0].crossed->crossing.loss, 0.12);
  EXPECT_EQ(found[0].crossed->at, kNoon);
  EXPECT_FALSE(found[0].crossed->direction);
  EXPECT_EQ(found[0].worst->crossing.loss, 0.31);
  EXPECT_EQ(found[0].worst->direction, "forward");
  EXPECT_EQ(found[0].silent, Duration::minutes(3));
  EXPECT_TRUE(found[0].by_figure);
  EXPECT_FALSE(read->incident(8)->has_value());
  store.reset();
  EXPECT_EQ(opened().store->last_incident(), 7U);
}

// A store that ends with something that waits is as one whose process was killed.
TEST_F(StoreRecords, IdsThatWereToldBeforeAKillAreNotGivenAgain) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  store->put_incident(id, {.id = 3, .session = "office", .opened = kNoon});
  ASSERT_EQ(text_of(store->flush()), "");
  const std::uint64_t events = 3'000;  // more than are reserved at once
  for (std::uint64_t i = 1; i <= events; ++i)
    store->add_event(id, {.id = i, .incident = 3 + i, .event = {.wall = kNoon}});
  store.reset();
  store = opened().store;
  EXPECT_TRUE(reader()->events({})->empty()) << "they were not committed";
  const std::uint64_t event = store->last_event(), incident = store->last_incident();
  EXPECT_GE(event, events);
  EXPECT_GE(incident, 3 + events);
  EXPECT_LE(event, 2 * events) << "some are left out, within bounds";
  EXPECT_LE(incident, 2 * events);
  // Killed again, before anything was committed.
  store->put_incident(id, {.id = incident + 1, .session = "office", .opened = kNoon});
  store.reset();
  EXPECT_GT(opened().store->last_incident(), incident);
}

TEST_F(StoreRecords, AnOrderlyEndLeavesNoIdOut) {
  for (std::uint64_t life = 1; life <= 3; ++life) {
    auto [store, notes] = opened();
    EXPECT_EQ(store->last_event(), life - 1);
    EXPECT_EQ(store->last_incident(), life - 1);
    store->add_event(0, {.id = life, .incident = life, .event = {.wall = kNoon}});
    store->put_incident(0, {.id = life, .opened = kNoon});
    ASSERT_EQ(text_of(store->flush()), "");
  }
}

TEST_F(StoreRecords, IdsCountOnInANewFileAfterAKill) {
  auto [store, notes] = opened();
  store->put_incident(0, {.id = 9, .opened = kNoon});
  ASSERT_EQ(text_of(store->flush()), "");
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
  store->add_event(0, {.id = 1, .event = {.wall = kNoon}});
  store->put_incident(0, {.id = 10, .opened = kNoon});
  store.reset();
  EXPECT_GE(opened().store->last_incident(), 10U);
}

TEST_F(StoreRecords, IncidentsAreOfEachRangeInWhichTheyWereOpen) {
  const auto at = [](int minutes) { return kNoon + Duration::minutes(minutes); };
  auto [store, notes] = opened();
  store->put_incident(1, {.id = 1, .opened = at(0), .closed = at(10), .title = ""});
  store->put_incident(1, {.id = 2, .opened = at(20), .closed = std::nullopt, .title = ""});
  store->put_incident(1, {.id = 3, .opened = at(30), .closed = at(31), .title = ""});
  ASSERT_EQ(text_of(store->flush()), "");
  auto read = reader();
  const auto ids = [&](const EventQuery& query) {
    std::string found;
    const auto incidents = *read->incidents(query);
    for (const Incident& incident : incidents) found += std::to_string(incident.id);
    return found;
  };
  EXPECT_EQ(ids({.range = TimeRange{at(5), at(6)}}), "1");
  EXPECT_EQ(ids({.range = TimeRange{at(-5), at(1)}}), "1");
  EXPECT_EQ(ids({.range = TimeRange{at(-5), at(0)}}), "");
  EXPECT_EQ(ids({.range = TimeRange{at(11), at(20)}}), "");
  EXPECT_EQ(ids({.range = TimeRange{at(10), at(21)}}), "12");
  EXPECT_EQ(ids({.range = TimeRange{at(40), at(50)}}), "2");
  EXPECT_EQ(ids({.range = TimeRange{at(30), at(30)}}), "");
  EXPECT_EQ(ids({.range = TimeRange{at(0), at(60)}, .limit = 2}), "23");
  EXPECT_EQ(ids({.open_only = true}), "2");
  EXPECT_EQ(ids({.range = TimeRange{at(0), at(10)}, .open_only = true}), "");
}

TEST_F(StoreRecords, FlowsEndAndAreFoundByTheTimeTheyWereInUse) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  const auto at = [](int seconds) { return kNoon + Duration::seconds(seconds); };
  store->put_flow({.session = id, .flow = 1, .tuple = "a", .began = at(0)});
  store->put_flow({.session = id, .flow = 1, .tuple = "a", .began = at(0), .ended = at(10)});
  store->put_flow({.session = id, .flow = 2, .tuple = "b", .began = at(10)});
  store->put_flow({.session = id + 1, .flow = 2, .tuple = "other", .began = at(10)});
  ASSERT_EQ(text_of(store->flush()), "");
  auto read = reader();
  const auto tuples = [&](int from, int to) {
    std::string found;
    const auto flows = *read->flows(id, {at(from), at(to)});
    for (const FlowRow& flow : flows) found += flow.tuple;
    return found;
  };
  EXPECT_EQ(tuples(0, 100), "ab");
  EXPECT_EQ(tuples(11, 100), "b");
  EXPECT_EQ(tuples(-10, 5), "a");
  EXPECT_EQ(tuples(-10, 0), "");
  EXPECT_EQ(read->flows(id, kEver)->front().ended, at(10));
}

TEST_F(StoreRecords, FlowsOfAKilledAgentEndWithTheLastWindow) {
  const auto at = [](int seconds) { return kNoon + Duration::seconds(seconds); };
  std::uint32_t id = 0, other = 0;
  {
    auto [store, notes] = opened();
    id = *store->session({.name = "office"});
    other = *store->session({.name = "without windows"});
    store->put_flow({.session = id, .flow = 1, .tuple = "a", .began = at(0), .ended = at(10)});
    store->put_flow({.session = id, .flow = 2, .tuple = "b", .began = at(10)});
    store->put_flow({.session = id, .flow = 3, .tuple = "c", .began = at(500)});
    store->put_flow({.session = other, .flow = 1, .tuple = "d", .began = at(3)});
    for (int i = 0; i < 30; ++i) store->add_window(id, timed(at(i), 1));
    ASSERT_EQ(text_of(store->flush()), "");
  }
  auto [store, notes] = opened();
  const auto flows = *reader()->flows(id, kEver);
  ASSERT_EQ(flows.size(), 3U);
  EXPECT_EQ(flows[0].ended, at(10));
  EXPECT_EQ(flows[1].ended, at(30));
  EXPECT_EQ(flows[2].ended, at(500));
  EXPECT_EQ(reader()->flows(other, kEver)->front().ended, at(3));
  // The ones of now are open.
  store->put_flow({.session = id, .flow = 4, .tuple = "e", .began = at(600)});
  ASSERT_EQ(text_of(store->flush()), "");
  EXPECT_EQ(reader()->flows(id, kEver)->back().ended, std::nullopt);
}

TEST_F(StoreRecords, FlowsEndLaterWhereTheDiskRefusesAtTheStart) {
  const auto at = [](int seconds) { return kNoon + Duration::seconds(seconds); };
  {
    auto [store, notes] = opened();
    store->put_flow({.session = 1, .flow = 2, .tuple = "b", .began = at(10)});
    store->add_window(1, timed(at(29), 1));
    ASSERT_EQ(text_of(store->flush()), "");
    SQLite::Database(path_, SQLite::OPEN_READWRITE)
        .exec("CREATE TRIGGER full BEFORE UPDATE ON flows BEGIN SELECT RAISE(ABORT, 'no'); END");
  }
  auto [store, notes] = opened();
  ASSERT_TRUE(store);
  EXPECT_EQ(reader()->flows(1, kEver)->front().ended, std::nullopt);
  SQLite::Database(path_, SQLite::OPEN_READWRITE).exec("DROP TRIGGER full");
  store->add_window(1, timed(at(1'000), 1));
  ASSERT_EQ(text_of(store->flush()), "");
  EXPECT_EQ(reader()->flows(1, kEver)->front().ended, at(30));
}

TEST_F(StoreRecords, SamplesComeBackWhole) {
  auto full = measure::answered(3, 250'000, 350'000, 4);
  full.session = 1;
  full.flow = 2;
  full.scheduled_wall = kNoon;
  full.reflector_sequence = 0;
  full.sender_user = full.sender_tx;
  full.sender_clock_error = Duration::nanoseconds(900);
  full.rate_ppb = -12;
  full.burst = true;
  full.sent = {.traffic_class = 184, .hop_limit = 64};
  full.returned = measure::Marks{.traffic_class = 0, .hop_limit = std::nullopt};
  full.seen_hop_limit = 61;
  full.duplicates_backward = 65'535;
  auto lost = measure::unsent(4, measure::UnsentCause::DroppedLocally);
  lost.scheduled_wall = kNoon + Duration::milliseconds(500);
  lost.withheld = measure::WithheldReason::Interrupted;

  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  store->add_sample(id, full);
  store->add_sample(id, lost);
  ASSERT_EQ(text_of(store->flush()), "");
  const auto found = *reader()->samples(id, {kNoon, kNoon + Duration::seconds(1)}, 10);
  ASSERT_EQ(found.size(), 2U);
  const auto form = [](const measure::Sample& sample) {
    Packer out;
    put_sample(out, sample);
    return out.take();
  };
  EXPECT_EQ(form(found[0]), form(full));
  EXPECT_EQ(form(found[1]), form(lost));
  EXPECT_EQ(found[0].sender_tx, full.sender_tx);
  EXPECT_EQ(found[0].reflector_rx, full.reflector_rx);
  EXPECT_EQ(found[0].returned, full.returned);
  EXPECT_EQ(found[0].duplicates_backward, 65'535);
  EXPECT_EQ(found[1].sender_tx, std::nullopt);
  EXPECT_EQ(found[1].cause, measure::UnsentCause::DroppedLocally);
  EXPECT_EQ(found[1].outcome, measure::Outcome::Unsent);
}

TEST_F(StoreRecords, TheFirstSamplesOfARangeAreTold) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    auto sample = measure::probe(i, measure::Outcome::LostUnknown);
    sample.scheduled_wall = kNoon + Duration::milliseconds(static_cast<std::int64_t>(500 * i));
    store->add_sample(id, sample);
    if (i % 70 == 0) {
      ASSERT_EQ(text_of(store->flush()), "");
    }
  }
  ASSERT_EQ(text_of(store->flush()), "");
  auto read = reader();
  const auto found =
      *read->samples(id, {kNoon + Duration::seconds(10), kNoon + Duration::seconds(200)}, 50);
  ASSERT_EQ(found.size(), 50U);
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(found[i].probe, 20 + i);
  EXPECT_EQ(read->samples(id, kEver, 10'000)->size(), 1'000U);
  EXPECT_THAT(*read->samples(id + 1, kEver, 10), IsEmpty());
  EXPECT_THAT(*read->samples(id, kEver, 0), IsEmpty());
  // Page by page all of them come, each once.
  std::uint64_t next = 0;
  for (WallTime from = kEver.from;;) {
    const auto page = *read->samples(id, {from, kEver.to}, 64);
    if (page.empty()) break;
    for (const measure::Sample& sample : page) ASSERT_EQ(sample.probe, next++);
    from = page.back().scheduled_wall + Duration::nanoseconds(1);
  }
  EXPECT_EQ(next, 1'000U);
}

TEST_F(StoreRecords, ASampleDecidedLateIsToldInItsPlace) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  const auto add = [&, &kept = *store](std::uint64_t probe) {
    auto sample = measure::probe(probe, measure::Outcome::LostUnknown);
    sample.scheduled_wall = kNoon + Duration::seconds(static_cast<std::int64_t>(probe));
    kept.add_sample(id, sample);
  };
  // A batch begins before the other, and its own rest comes behind it.
  for (const std::uint64_t probe : {0U, 5U, 6U}) add(probe);
  ASSERT_EQ(text_of(store->flush()), "");
  for (const std::uint64_t probe : {1U, 2U, 3U, 4U}) add(probe);
  ASSERT_EQ(text_of(store->flush()), "");
  for (const std::size_t limit : {1U, 3U, 6U}) {
    const auto found = *reader()->samples(id, kEver, limit);
    ASSERT_EQ(found.size(), limit);
    for (std::size_t i = 0; i < limit; ++i) EXPECT_EQ(found[i].probe, i) << limit;
  }
}

TEST_F(StoreRecords, ASessionKeepsItsIdAndChangesWhatIsSaidOfIt) {
  SessionInfo office{.name = "office",
                     .host = "198.51.100.7",
                     .interval = Duration::seconds(1),
                     .dscp = 46,
                     .peer = "198.51.100.7:862"};
  std::uint32_t id = 0;
  {
    auto [store, notes] = opened();
    EXPECT_EQ(*store->session({.name = "first"}), 1U);
    id = *store->session(office);
    EXPECT_EQ(id, 2U);
    store->add_window(id, timed(kNoon + Duration::seconds(30), 1));
    store->add_window(id, timed(kNoon + Duration::seconds(90), 2));
    ASSERT_EQ(text_of(store->flush()), "");
  }
  auto [store, notes] = opened();
  office.peer = "203.0.113.9:862";
  EXPECT_EQ(*store->session(office), id);
  ASSERT_EQ(text_of(store->flush()), "");
  const auto rows = *reader()->sessions();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1].id, id);
  EXPECT_EQ(rows[1].info, office);
  EXPECT_EQ(rows[1].first, kNoon + Duration::seconds(30));
  EXPECT_EQ(rows[1].last, kNoon + Duration::seconds(91));
  EXPECT_EQ(rows[0].first, rows[0].last);  // it has none
}

TEST_F(StoreRecords, ANewFileThatCannotBeBegunIsTriedAgain) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  store->add_event(id, {.id = 5, .event = {.wall = kNoon}});
  ASSERT_EQ(text_of(store->flush()), "");
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
  {
    SQLite::Database other(path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    migrate(other, migrations().size());
    other.exec(
        "CREATE TRIGGER full BEFORE INSERT ON sessions BEGIN SELECT RAISE(ABORT, 'no'); END");
  }
  store->add_window(id, timed(kNoon, 1));
  for (int again = 0; again < 2; ++again) EXPECT_NE(text_of(store->flush()), "");
  SQLite::Database(path_, SQLite::OPEN_READWRITE).exec("DROP TRIGGER full");
  ASSERT_EQ(text_of(store->flush()), "");
  EXPECT_EQ(all(*reader(), id, Duration::seconds(1)).size(), 1U);
  EXPECT_EQ(reader()->sessions()->size(), 1U);
  store.reset();
  EXPECT_EQ(opened().store->last_event(), 5U);
}

// The log beside the file is of the file that was there: a reader that has that one open still
// keeps it there when the writer closes.
TEST_F(StoreRecords, ABackupThatIsMovedOverTheFileIsReadWithoutTheOldLog) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  const auto seconds = [&](int first) {
    for (int i = first; i < first + 200; ++i)
      store->add_window(id, timed(kNoon + Duration::seconds(i), static_cast<std::uint64_t>(i)));
    EXPECT_EQ(text_of(store->flush()), "");
  };
  seconds(0);
  const auto old_reader = reader();
  ASSERT_EQ(all(*old_reader, id, Duration::seconds(1)).size(), 200U);
  const std::string backup = folder_ / "backup.db";
  SQLite::Database(path_, SQLite::OPEN_READWRITE).exec("VACUUM INTO '" + backup + "'");
  seconds(200);
  std::filesystem::rename(backup, path_);
  seconds(400);
  const auto now = all(*reader(), id, Duration::seconds(1));
  ASSERT_EQ(now.size(), 400U);
  EXPECT_EQ(now[199].begin, kNoon + Duration::seconds(199));
  EXPECT_EQ(now[200].begin, kNoon + Duration::seconds(400));
  EXPECT_EQ(SQLite::Database(path_, SQLite::OPEN_READONLY)
                .execAndGet("PRAGMA integrity_check")
                .getString(),
            "ok");
  EXPECT_EQ(store->take_notes().size(), 1U);
}

// A backup may come with a log of its own.
TEST_F(StoreRecords, ABackupThatIsMovedOverTheFileKeepsItsOwnLog) {
  auto [store, notes] = opened();
  const auto id = *store->session({.name = "office"});
  store->add_window(id, timed(kNoon, 0));
  ASSERT_EQ(text_of(store->flush()), "");
  const std::string backup = folder_ / "backup.db";
  for (const char* suffix : {"", "-wal"})
    std::filesystem::copy_file(path_ + suffix, backup + suffix);
  for (const char* suffix : {"", "-wal"}) std::filesystem::rename(backup + suffix, path_ + suffix);
  store->add_window(id, timed(kNoon + Duration::seconds(1), 1));
  ASSERT_EQ(text_of(store->flush()), "");
  EXPECT_EQ(all(*reader(), id, Duration::seconds(1)).size(), 2U);
}

TEST_F(StoreRecords, WhatIsKnownOfASessionIsNotForgotten) {
  SessionInfo office{.name = "office",
                     .host = "198.51.100.7",
                     .interval = Duration::seconds(1),
                     .dscp = 46,
                     .peer = "198.51.100.7:862"};
  {
    auto [store, notes] = opened();
    ASSERT_TRUE(store->session(office));
    ASSERT_EQ(text_of(store->flush()), "");
  }
  auto [store, notes] = opened();
  EXPECT_EQ(*store->session({.name = "office"}), 1U);  // an incident of before ends
  ASSERT_EQ(text_of(store->flush()), "");
  EXPECT_EQ(reader()->sessions()->front().info, office);
  // It runs, and its name is being resolved.
  EXPECT_TRUE(store->session({.name = "office", .host = "198.51.100.8", .dscp = 0}));
  ASSERT_EQ(text_of(store->flush()), "");
  const SessionInfo found = reader()->sessions()->front().info;
  EXPECT_EQ(found.host, "198.51.100.8");
  EXPECT_EQ(found.interval, SessionInfo().interval);
  EXPECT_EQ(found.dscp, 0);
  EXPECT_EQ(found.peer, office.peer);
}

// As a full or a locked disk does it.
TEST_F(StoreRecords, ASessionHasItsIdWhileTheDiskRefuses) {
  auto [store, notes] = opened();
  {
    SQLite::Database other(path_, SQLite::OPEN_READWRITE);
    other.exec(
        "CREATE TRIGGER full BEFORE INSERT ON sessions BEGIN SELECT RAISE(ABORT, 'no'); END");
  }
  const auto one = store->session({.name = "one"}), two = store->session({.name = "two"});
  ASSERT_TRUE(one && two);
  EXPECT_NE(*one, *two);
  store->add_window(*one, timed(kNoon, 1));
  store->add_window(*two, timed(kNoon, 2));
  EXPECT_NE(text_of(store->flush()), "");
  EXPECT_THAT(*reader()->sessions(), IsEmpty());
  EXPECT_THAT(all(*reader(), *one, Duration::seconds(1)), IsEmpty());
  SQLite::Database(path_, SQLite::OPEN_READWRITE).exec("DROP TRIGGER full");
  ASSERT_EQ(text_of(store->flush()), "");
  EXPECT_EQ(store->dropped(), 0U);
  EXPECT_EQ(reader()->sessions()->size(), 2U);
  EXPECT_EQ(all(*reader(), *one, Duration::seconds(1)).size(), 1U);
  EXPECT_EQ(all(*reader(), *two, Duration::seconds(1)).size(), 1U);
  EXPECT_EQ(*store->session({.name = "two"}), *two);
}

}  // namespace
}  // namespace wirestamp::store
