//! Who can open the mailbox: its user, through a server that is there, and those whom the user has let in.
//!
//! Does not ask after accounts that are no more.

use super::finding::{Finding, Kind};
use super::survey::Survey;

/// Who cannot open the mailbox any more.
pub(super) fn check(survey: &Survey) -> Vec<Finding> {
    let profile = survey.profile_on_gone_server.iter().map(|server| {
        let detail = format!("its user's profile names `{server}`, which has been removed");
        survey.finding(Kind::Access, "", detail)
    });
    let shut_out = |user: &&String| survey.has_home() && !survey.may_open.contains(user);
    let lost = survey.let_in.iter().filter(shut_out);
    let lost = lost.map(|user| {
        survey.finding(Kind::Access, "", format!("user `{user}` may not open it any more"))
    });
    profile.chain(lost).collect()
}
